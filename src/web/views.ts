import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ejs from 'ejs';
import { iconOf } from './assets.ts';

type Render = (locals: object) => string;

/** What EJS compiles a template to, with what it asks for: how to escape, to include and to complain. */
type Compiled = (
  locals: object,
  escapeFn: (value: unknown) => string,
  include: (name: string, locals?: object) => string,
  complain: (error: unknown, line: number) => never,
  icon: typeof iconOf,
) => string;

/** What Express calls a view engine. */
type ViewEngine = (file: string, model: object, done: (error: unknown, html?: string) => void) => void;

/**
 * Renders EJS templates. With `keep` each one is read and compiled once; else whenever its file has
 * changed, so that an edit shows on the next page.
 *
 * EJS's own `include` looks for the file and copies all options and locals each time, which took two
 * thirds of the time of a page with a hundred includes. Here it calls the compiled template, which
 * sees what it is handed and nothing of the page around it.
 */
export function createViewEngine(keep: boolean): ViewEngine {
  const compiled = new Map<string, { render: Render; version: string }>();

  function load(file: string): Render {
    const known = compiled.get(file);
    if (known && keep) return known.render;
    const version = versionOf(file);
    if (known?.version === version) return known.render;
    const render = toRender(file, load);
    compiled.set(file, { render, version });
    return render;
  }

  return (file, model, done) => {
    let html: string;
    try {
      html = load(file)(model);
    } catch (error) {
      return done(error);
    }
    done(null, html);
  };
}

/** What an edit changes about a file. */
function versionOf(file: string): string {
  const { mtimeMs, size } = statSync(file);
  return `${mtimeMs} ${size}`;
}

function toRender(file: string, load: (file: string) => Render): Render {
  const call = compile(file);
  const included = new Map<string, string>();
  const include = (name: string, locals: object = {}) => {
    const path = included.get(name) ?? resolve(dirname(file), `${name}.ejs`);
    included.set(name, path);
    return load(path)(locals);
  };
  const complain = (error: unknown, line: number) => {
    if (error instanceof Error && !error.message.startsWith(viewMark))
      error.message = `${viewMark}${file}:${line}: ${error.message}`;
    throw error;
  };
  return (locals) => call(locals, escapeHtml, include, complain, iconOf);
}

/** Begins the message of an error in a template: once, however deeply it is included. */
const viewMark = 'view ';

function compile(file: string): Compiled {
  const template = new ejs.Template(readFileSync(file, 'utf8'), { filename: file, strict: true });
  // Finds errors of syntax, and writes `source`: the body of a function, which counts lines in `__line`.
  template.compile();
  const body = `'use strict'; let __line = 1; try { ${template.source} } catch (error) { complain(error, __line); }`;
  return new Function('locals', 'escapeFn', 'include', 'complain', 'iconOf', body) as Compiled;
}

const special = /[&<>"']/;

function escapeHtml(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = String(value);
  return special.test(text) ? ejs.escapeXML(text) : text;
}
