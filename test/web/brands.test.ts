import { readFileSync } from 'node:fs';
import { load } from 'cheerio';
import supertest from 'supertest';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { startSignIn, Visitor } from '../support/visitor.ts';

/** The providers' colours and names, as their owners let them be used: see the comment at the tokens. */

const sheet = readFileSync(new URL('../../public/latchkey.css', import.meta.url), 'utf8');
const ids = ['twitch', 'mixer', 'mixin', 'resonite'];
const pageColours = /--paper: light-dark\((#\w+), (#\w+)\)/.exec(sheet)!.slice(1);

let latchkey: RunningLatchkey;
beforeAll(async () => {
  latchkey = await startLatchkey();
});
afterAll(() => latchkey.close());

describe.each(ids)('the button of %s', (id) => {
  const rule = new RegExp(`\\n\\.p-${id} \\{([^}]+)\\}`).exec(sheet)![1]!;
  const colour = (name: string, otherwise?: string) =>
    new RegExp(`--p-${name}: (#[0-9a-f]{6});`).exec(rule)?.[1] ?? otherwise!;
  const [background, hover, line] = ['bg', 'hover', 'line'].map((name) => colour(name)) as [
    string,
    string,
    string,
  ];

  test('can be read, pressed or not, in either theme: its colours do not change', () => {
    const text = colour('text', '#ffffff');
    expect(contrast(text, background)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(text, hover)).toBeGreaterThanOrEqual(4.5);
    expect(rule).not.toContain('light-dark');
  });

  test('stands out from the page by its colour or its border', () => {
    for (const page of pageColours) {
      const most = Math.max(contrast(background, page), contrast(line, page));
      expect(most).toBeGreaterThanOrEqual(3);
    }
    expect(sheet).toMatch(/\n\.prov \{[^}]*border: 2px solid var\(--p-line\)/);
  });
});

test('a button names its service in words; the mark is decoration', async () => {
  const { text } = await supertest(latchkey.baseUrl).get('/');
  const $ = load(text);
  const buttons = $('button.prov').toArray();
  expect(buttons).toHaveLength(4);
  for (const button of buttons) {
    const marks = $(button).find('svg');
    expect(marks.toArray().map((mark) => [$(mark).attr('aria-hidden'), $(mark).attr('focusable')])).toEqual([
      ['true', 'false'],
    ]);
    marks.remove();
    expect($(button).text().trim()).toMatch(/^Continue with (?:Twitch|Mixin|Resonite|Mixer \(sandbox\))$/);
  }
});

test.each(['Twitch', 'Mixin', 'Resonite', 'Mixer'])(
  'the pages that play %s look like none of it: no mark, one style, a stripe and a banner',
  async (name) => {
    const visitor = new Visitor();
    await startSignIn(visitor, latchkey.baseUrl, name);
    const $ = load(visitor.page.html);
    expect($('svg.fob, .brand, .prov, img')).toHaveLength(0);
    expect($('body').attr('class')).toBe('sandbox');
    expect($(`.stripe.p-${name.toLowerCase()}`)).toHaveLength(1);
    expect($('header').text()).toContain(`Sandbox. This is not ${name}.`);
    expect($('input[type=password]')).toHaveLength(0);
  },
);

/** WCAG 2.2, contrast ratio of two colours as `#rrggbb`. */
function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].toSorted((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
