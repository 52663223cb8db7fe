import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ejs from 'ejs';

type Engine = (file: string, model: object, done: (error: unknown, html?: string) => void) => void;

/** What EJS compiles a template to. */
type Compiled = (
  locals: object,
  escapeFn: (value: unknown) => string,
  include: (name: string, more?: object) => string,
) => string;

/**
 * Renders EJS templates, each compiled when it is first used and again when its file has changed; EJS
 * itself compiles each one at every use. What is included sees the locals of the page around it.
 */
export function createTemplateEngine(): Engine {
  const compiled = new Map<string, { template: Compiled; version: string }>();

  function load(file: string): Compiled {
    const { mtimeMs, size } = statSync(file);
    const version = `${mtimeMs} ${size}`;
    const known = compiled.get(file);
    if (known?.version === version) return known.template;
    const template = compile(file);
    compiled.set(file, { template, version });
    return template;
  }

  function render(file: string, locals: object): string {
    const include = (name: string, more: object = {}) =>
      render(resolve(dirname(file), `${name}.ejs`), { ...locals, ...more });
    // Without a prototype, so that a template finds nothing but what it was given.
    const own: object = Object.assign(Object.create(null), locals);
    try {
      return load(file)(own, ejs.escapeXML, include);
    } catch (error) {
      if (error instanceof Error && !error.message.startsWith(viewMark))
        error.message = `${viewMark}${file}: ${error.message}`;
      throw error;
    }
  }

  return (file, model, done) => {
    let html: string;
    try {
      html = render(file, model);
    } catch (error) {
      return done(error);
    }
    done(null, html);
  };
}

/** Begins the message of an error in a template: once, however deeply it is included. */
const viewMark = 'view ';

function compile(file: string): Compiled {
  const template = new ejs.Template(readFileSync(file, 'utf8'), { filename: file, compileDebug: false });
  // Finds errors of syntax, and writes `source`: the body of a function.
  template.compile();
  return new Function('locals', 'escapeFn', 'include', template.source) as Compiled;
}
