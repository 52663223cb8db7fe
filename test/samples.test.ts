import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CodeBlock, codeBlocks, findDocuments } from './support/code-blocks.ts';

/** What stands as code in the documents is compiled, with the types of the source. */

const root = join(import.meta.dirname, '..');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

interface Document {
  readonly name: string;
  readonly text: string;
}

const documents = findDocuments(root);

/** A made-up document, to see that what is wrong is found, and where. */
const broken: Document = {
  name: 'broken.md',
  text: [
    '# Made up',
    '<!-- sample',
    "import { LoginError } from 'src/errors.ts';",
    'declare const provider: string;',
    '-->',
    '```ts',
    "throw new LoginError('state_used', { provider });",
    '```',
    'A code that does not exist, then a member, without the comment an import.',
    '```ts whole.ts',
    "import { LoginError } from 'src/errors.ts';",
    "export const slip = new LoginError('state_abused');",
    '```',
    '```ts',
    "import { latchkey } from 'latchkey';",
    "const login = await latchkey({ settings: { BASE_URL: 'http://localhost:3000/login-area' } });",
    'console.log(login.paths.signOn);',
    '```',
    '```ts',
    "throw new LoginError('state_used');",
    '```',
  ].join('\n'),
};

let folder: string;
beforeAll(() => {
  mkdirSync(join(root, 'test-output'), { recursive: true });
  folder = mkdtempSync(join(root, 'test-output/samples-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes each sample into a file, those of a document into one folder, as they import each other. */
function writeSamples({ text }: Document, place: string): ReadonlyMap<string, CodeBlock> {
  const blocks = new Map(
    codeBlocks(text, 'ts').map((block, index) => [block.file || `sample-${index}.ts`, block] as const),
  );
  mkdirSync(join(folder, place));
  for (const [file, { before, text: code }] of blocks)
    writeFileSync(join(folder, place, file), `${before}${code}\nexport {};\n`);
  return blocks;
}

/** What the compiler says, each with the document and the line where the sample is. */
async function compile(samples: ReadonlyMap<string, ReadonlyMap<string, CodeBlock>>): Promise<string[]> {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      // By these names the samples know the package, and the source.
      paths: { latchkey: [join(root, 'src/latchkey.ts')], 'src/*': [join(root, 'src/*')] },
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    files: [],
    include: [join(folder, '**/*.ts')],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await run(process.execPath, [tsc, '--noEmit', '--pretty', 'false'], {
    cwd: folder,
  }).catch((error: { stdout: string }) => error);
  const names = [...samples.keys()];
  return stdout.split('\n').flatMap((line) => {
    const [, place, file = '', at, what] =
      /^(\d+)\/([^(]+)\((\d+),\d+\): error (TS\d+: .*)$/.exec(line) ?? [];
    if (place === undefined) return line.includes('error TS') ? [line] : [];
    const name = names[Number(place)]!;
    const block = samples.get(name)!.get(file)!;
    const lineInDocument = block.line + Number(at) - 1 - (block.before.split('\n').length - 1);
    return [`${name}:${lineInDocument} ${what}`];
  });
}

test('every sample in TypeScript compiles, and one that does not is named with its line', async () => {
  const samples = new Map(
    [...documents, broken].map((document, index) => [document.name, writeSamples(document, String(index))]),
  );
  const count = [...samples.values()].reduce((sum, blocks) => sum + blocks.size, 0);
  expect(count).toBeGreaterThan(9);
  expect(await compile(samples)).toEqual([
    expect.stringMatching(/^broken\.md:17 TS\d+: Property 'signOn' does not exist/),
    expect.stringMatching(/^broken\.md:20 TS2304: Cannot find name 'LoginError'/),
    expect.stringMatching(/^broken\.md:12 TS2345: .*"state_abused"/),
  ]);
}, 120_000);

test('no sample in TypeScript goes unseen, as one with a fence that is written otherwise would', () => {
  const seen = documents.map(({ name, text }) => [name, codeBlocks(text, 'ts').length]);
  const fences = documents.map(({ name, text }) => [
    name,
    [...text.matchAll(/^[ \t>]*(?:```|~~~)\s*(?:ts|typescript|tsx)\b/gim)].length,
  ]);
  expect(seen).toEqual(fences);
});

test('every sample in JSON can be read', () => {
  const samples = documents.flatMap(({ name, text }) =>
    codeBlocks(text, 'json').map((block) => ({ place: `${name}:${block.line}`, text: block.text })),
  );
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.filter(({ text }) => !isJson(text)).map(({ place }) => place)).toEqual([]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
