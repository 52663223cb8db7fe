import type { RunningLatchkey } from './support/latchkey.ts';
import { answerAtProvider, type Page, Visitor } from './support/visitor.ts';
import type { Situation } from './error-situations.ts';

/** What every error page says, in which order, and where it leads. */

const nothingLost =
  /(?:Nothing (?:more )?was changed|Nothing that is linked here was changed|Nothing was lost|Nothing that was saved is lost|We kept the page you wanted)\./;

/** Says nothing to most people, or frightens them. */
const jargon =
  /\b(?:oops|uh-oh|whoops|technical difficult\w*|invalid|illegal|fatal|forbidden|unexpected|exception|error|failed|failure|bad request|server|null|undefined|token|scopes?|parameter|grant|OAuth|OpenID|HTTP|JSON|client|redirect\w*|callback|CSRF|state)\b/i;

/** The anatomy of an error page: what happened, why, what became of the person's things, what to do. */
export function checkCopy({ $, headers, status }: Page, { heading }: Situation): void {
  const words = (selector: string) => fold($(selector).text());
  expect(words('title')).toBe(`${heading} – Latchkey`);
  expect($('h1')).toHaveLength(1);
  expect(words('main .head p')).toMatch(nothingLost);
  expect(words('main .head p')).toMatch(/^\S.*\.$/);
  const seen = `${words('h1')} ${words('main .head p')} ${words('main .row')}`;
  expect(seen.replaceAll(/https?:\/\/\S+/g, '')).not.toMatch(jargon);
  expect(fold($('main .card h2').first().text())).toBe('What you can do');
  expect($('main .card > .row').first().children('form, a').length).toBeGreaterThan(0);
  // The first is the one to press.
  expect($('main .row .btn').first().hasClass('main')).toBe(true);
  expect($('main .row .btn.main')).toHaveLength(1);
  expect($('main').find('.bad, .problem, .danger, [role=alert]')).toHaveLength(0);
  expect(words('details summary')).toBe('Details for support');
  expect(
    $('details dt')
      .map((_, term) => $(term).text())
      .toArray(),
  ).toEqual(['Time', 'Reference', 'Error code']);
  // With its day: it is read out to somebody later.
  expect(words('details time')).toMatch(/^\d+ \w+ \d{4} at \d\d:\d\d UTC$/);
  expect($('details[open]')).toHaveLength(0);
  expect(headers['retry-after'] !== undefined).toBe(status === 503 || status === 429);
}

/** Presses what the page offers, once what was broken works again, until the person is signed in. */
export async function leave(
  visitor: Visitor,
  latchkey: RunningLatchkey,
  { button, mend }: Situation,
): Promise<Page> {
  const { baseUrl, sandbox } = latchkey;
  sandbox.state.faults.clear();
  // What was to be waited for is over.
  latchkey.advance(2 * 60 * 1000);
  await mend?.(latchkey);
  for (const address of linksOf(visitor.page)) {
    const url = new URL(address, visitor.page.url);
    const opened = await new Visitor().open(url.href);
    expect([address, opened.status]).toEqual([address, 200]);
    if (url.hash !== '') expect(opened.$(url.hash)).toHaveLength(1);
  }
  await visitor.press(button);
  for (let pages = 0; !isSignedIn(visitor.page, baseUrl); pages++) {
    if (pages > 3) throw new Error(`not signed in at “${visitor.page.heading}”: ${visitor.page.text}`);
    if (visitor.page.url.origin !== new URL(baseUrl).origin) await answerAtProvider(visitor, baseUrl);
    else await visitor.press('Continue with Twitch');
  }
  return visitor.page;
}

function linksOf({ $ }: Page): string[] {
  return $('main .row a')
    .toArray()
    .map((element) => $(element).attr('href')!);
}

function isSignedIn({ $, url, status }: Page, baseUrl: string): boolean {
  const signOut = $('header button').filter((_, element) => fold($(element).text()) === 'Sign out');
  return url.origin === new URL(baseUrl).origin && status === 200 && signOut.length === 1;
}

function fold(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
