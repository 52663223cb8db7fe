import { readFileSync } from 'node:fs';
import { hostname, homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { buildSbom } from '../scripts/sbom.ts';

/* What the CycloneDX 1.5 schema wants of the parts that are there: https://cyclonedx.org/docs/1.5/json/ */

const hexDigits: Readonly<Record<string, number>> = {
  'SHA-1': 40,
  'SHA-256': 64,
  'SHA-384': 96,
  'SHA-512': 128,
};

const licence = z.union([
  z.strictObject({
    license: z.union([z.object({ id: z.string().min(1) }), z.object({ name: z.string().min(1) })]),
  }),
  z.strictObject({ expression: z.string().min(1) }),
]);

const component = z.object({
  type: z.enum(['application', 'framework', 'library', 'container', 'file']),
  name: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+/),
  'bom-ref': z.string().min(1),
  purl: z.string().regex(/^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@[\w.+-]+$/),
  scope: z.enum(['required', 'optional', 'excluded']).optional(),
  licenses: z.array(licence).min(1),
  hashes: z
    .array(
      z
        .strictObject({ alg: z.string(), content: z.string().regex(/^[0-9a-f]+$/) })
        .refine(({ alg, content }) => content.length === hexDigits[alg]),
    )
    .optional(),
  externalReferences: z.array(z.object({ type: z.string(), url: z.url() })).optional(),
});

const bomShape = z.object({
  $schema: z.literal('http://cyclonedx.org/schema/bom-1.5.schema.json'),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.5'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.object({ timestamp: z.iso.datetime(), component }),
  components: z.array(component).min(10),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});

const text = buildSbom();
const bom = bomShape.parse(JSON.parse(text));
const root = join(import.meta.dirname, '..');
const read = <Value>(name: string) => JSON.parse(readFileSync(join(root, name), 'utf8')) as Value;
const { dependencies, devDependencies, name, version } = read<{
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  name: string;
  version: string;
}>('package.json');

test('the bill of materials is that of this application', () => {
  expect(bom.metadata.component).toMatchObject({ name, version, type: 'application' });
});

test('its references are unique, and lead to what is in it', () => {
  const refs = bom.components.map((one) => one['bom-ref']);
  expect(refs.length).toBe(new Set(refs).size);
  const known = new Set([...refs, bom.metadata.component['bom-ref']]);
  const used = bom.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]);
  expect(used.length).toBeGreaterThan(refs.length);
  expect(used.filter((ref) => !known.has(ref))).toEqual([]);
});

test('it has each package of package.json in the version of the lockfile, with its checksum', () => {
  const lock = read<{ packages: Record<string, { version: string; integrity: string }> }>(
    'package-lock.json',
  ).packages;
  for (const dependency of Object.keys(dependencies)) {
    const { version: locked, integrity } = lock[`node_modules/${dependency}`]!;
    const found = bom.components.find((one) => one.name === dependency && one.version === locked);
    const [, base64] = integrity.split('-');
    expect(found?.hashes).toEqual([
      { alg: 'SHA-512', content: Buffer.from(base64!, 'base64').toString('hex') },
    ]);
  }
});

test('it has whatever else production installs, also what development needs as well, and nothing more', () => {
  const { packages } = read<{ packages: Record<string, { version: string; dev?: boolean }> }>(
    'package-lock.json',
  );
  const installed = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, entry]) => `${path.split('node_modules/').at(-1)} ${entry.version}`);
  expect(installed.length).toBeGreaterThan(100);
  const told = bom.components.map((one) => `${one.name} ${one.version}`);
  expect(told.toSorted()).toEqual([...new Set(installed)].toSorted());
  // Some of both kinds, so that this can fail.
  expect(told).toContain(`qs ${packages['node_modules/qs']!.version}`);
  expect(
    Object.keys(devDependencies).filter((one) => told.some((told) => told.startsWith(`${one} `))),
  ).toEqual([]);
});

test('it says nothing of the machine or the registry it was made with', () => {
  const addresses = [...text.matchAll(/https?:\/\/([^/"]+)/g)].map((match) => match[1]);
  expect([...new Set(addresses)]).toEqual(['cyclonedx.org']);
  expect(text).not.toMatch(/"[^"]*(?:\/(?:home|root|tmp|work|Users)\/|[A-Z]:\\\\)/);
  expect(text).not.toContain(root);
  if (homedir().length > 3) expect(text).not.toContain(homedir());
  if (hostname().length > 3) expect(text).not.toContain(hostname());
});
