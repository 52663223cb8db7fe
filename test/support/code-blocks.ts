export interface CodeBlock {
  /** What stands behind the language: the name of the file, or nothing. */
  readonly file: string;
  readonly text: string;
}

/** The fenced blocks of a language in a document, in order. */
export function codeBlocks(markdown: string, language: string): CodeBlock[] {
  const fence = new RegExp(`^\`\`\`${language}(?: (\\S+))?\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...markdown.matchAll(fence)].map((match) => ({ file: match[1] ?? '', text: match[2]! }));
}
