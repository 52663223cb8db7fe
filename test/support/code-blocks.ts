import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

export interface CodeBlock {
  /** What stands behind the language: the name of the file, or nothing. */
  readonly file: string;
  readonly text: string;
  /** What a part of something needs to be whole: the comment `<!-- sample` right before it, else nothing. */
  readonly before: string;
  /** The line of the document on which the text begins, from 1. */
  readonly line: number;
}

/** The fenced blocks of a language in a document, in order. */
export function codeBlocks(markdown: string, language: string): CodeBlock[] {
  const fence = new RegExp(
    `^(?:<!-- sample\\n((?:(?!-->).*\\n)*)-->\\n)?\`\`\`${language}(?: (\\S+))?\\n([\\s\\S]*?)^\`\`\`$`,
    'gm',
  );
  return [...markdown.matchAll(fence)].map((match) => {
    const [whole, before = '', file = '', text = ''] = match;
    const start = match.index + whole.length - text.length - '```'.length;
    return { file, text, before, line: markdown.slice(0, start).split('\n').length };
  });
}

/** Every document of the project, by its path: those that people read, wherever they lie. */
export function findDocuments(root: string): { readonly name: string; readonly text: string }[] {
  const below = ['docs', 'examples', 'bench', '.github'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return [...readdirSync(root, { encoding: 'utf8' }), ...below]
    .filter((name) => name.endsWith('.md') && !name.split(sep).includes('node_modules'))
    .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
}
