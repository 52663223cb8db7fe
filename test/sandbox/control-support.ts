import { load } from 'cheerio';
import request, { type Response } from 'supertest';
import type { Browser, TestSandbox } from './support.ts';
import { locationOf } from './support.ts';

/** What a browser says it takes. */
export const htmlFirst = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

export function peopleBrowser({ app }: TestSandbox): Browser {
  return request.agent(app).set('Accept', htmlFirst);
}

/** With white space folded, and some between the cells of a table and the parts of a list. */
export function textOf(html: string, selector = 'body'): string {
  const spaced = html.replaceAll(/<(?=td|th|dt|dd|li|tr|option)/g, ' <');
  return load(spaced)(selector).text().replaceAll(/\s+/g, ' ').trim();
}

/** Presses the button that begins with these words on the page, and follows the redirect. */
export async function press(
  browser: Browser,
  page: Response,
  words: string,
  changes: Readonly<Record<string, string | null>> = {},
): Promise<Response> {
  const $ = load(page.text);
  const button = $('button')
    .filter((_index, each) => $(each).text().trim().startsWith(words))
    .first();
  if (button.length === 0) throw new Error(`There is no button “${words}”`);
  const form = button.closest('form');
  const fields = new URLSearchParams(
    form.serializeArray().map(({ name, value }): [string, string] => [name, value]),
  );
  if (button.attr('name')) fields.set(button.attr('name')!, button.attr('value') ?? '');
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
  const answer = await browser.post(form.attr('action')!).type('form').send(fields.toString());
  if (answer.status !== 303) return answer;
  const { pathname, search } = locationOf(answer);
  return browser.get(pathname + search);
}

/** A whole login through Try it, with nobody asked; gives the page that the callback shows. */
export async function tryIt(browser: Browser, api: string, person = 'ada'): Promise<Response> {
  let response = await browser.get(`/try/${api}`);
  for (let hops = 0; response.status === 302 && hops < 5; hops += 1) {
    const { pathname, search } = locationOf(response);
    response = await browser.get(pathname + search).set('X-Sandbox-Person', person);
  }
  return response;
}
