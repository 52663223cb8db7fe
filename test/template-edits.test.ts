import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTemplateEngine } from '../src/sandbox/templates.ts';
import { createViewEngine } from '../src/web/views.ts';

type Engine = ReturnType<typeof createTemplateEngine>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-views-'));
  write('page', `<p><%= locals.word %> <%- include('part', { word: locals.word }) %></p>`);
  write('part', '<b><%= locals.word %></b>');
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string) => join(folder, `${name}.ejs`);
const write = (name: string, text: string) => writeFileSync(fileOf(name), text);

function show(engine: Engine): string {
  let shown = '';
  engine(fileOf('page'), { word: '<' }, (error, html) => {
    if (error) throw error;
    shown = html!;
  });
  return shown;
}

describe.each<[string, () => Engine]>([
  ['of the application', () => createViewEngine(false)],
  ['of the sandbox', createTemplateEngine],
])('a template %s', (_of, create) => {
  test('shows an edit on the next page, and so does one that is included', () => {
    const engine = create();
    expect(show(engine)).toBe('<p>&lt; <b>&lt;</b></p>');
    expect(show(engine)).toBe('<p>&lt; <b>&lt;</b></p>');
    write('part', '<i>new <%= locals.word %></i>');
    expect(show(engine)).toBe('<p>&lt; <i>new &lt;</i></p>');
    write('page', `<%- include('part', { word: 'part' }) %>`);
    expect(show(engine)).toBe('<i>new part</i>');
  });

  test('shows one that is as long as what was there', () => {
    const engine = create();
    utimesSync(fileOf('part'), 1, 1);
    show(engine);
    write('part', '<i><%= locals.word %></i>');
    expect(show(engine)).toBe('<p>&lt; <i>&lt;</i></p>');
  });

  test('that is broken is an error until it is mended', () => {
    const engine = create();
    write('part', '<% if ( %>');
    expect(() => show(engine)).toThrow();
    write('part', 'well');
    expect(show(engine)).toBe('<p>&lt; well</p>');
  });
});

test('in production a template is read once', () => {
  const engine = createViewEngine(true);
  const before = show(engine);
  write('part', 'other words');
  write('page', 'other words');
  expect(show(engine)).toBe(before);
});
