import { readFileSync } from 'node:fs';

const files = ['../in-page.js', './in-page.js'];

/** Gives a page the functions of both in-page.js, as `inPage` and `a11y`. */
export const pageScripts = files
  .map((file) => `(() => { ${readFileSync(new URL(file, import.meta.url), 'utf8')} })();`)
  .join('\n');
