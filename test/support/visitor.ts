import { type CheerioAPI, load } from 'cheerio';
import supertest from 'supertest';

/** What a browser shows after it has followed every redirect. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly html: string;
  readonly $: CheerioAPI;
  readonly heading: string;
  /** The visible text, white space folded. */
  readonly text: string;
}

interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body?: string;
  /** The page that the request comes from; null when typed into the address bar. */
  readonly from: URL | null;
}

/** A browser without scripts, over real HTTP: cookies, redirects, refreshes, links and forms. */
export class Visitor {
  /** Cookies by host name: browsers do not tell ports apart. */
  readonly cookies = new Map<string, Map<string, string>>();
  /** Every address that was requested, in order. */
  readonly visited: string[] = [];
  /** Stops before it would request an address that fits, and keeps the address. */
  stopBefore: RegExp | null = null;
  stoppedAt: URL | null = null;
  /** What it says about itself in each request; nothing when null. */
  userAgent: string | null = null;
  /** Sent with every request, wherever it goes: for what the sandbox is told in headers. */
  readonly headers = new Map<string, string>();
  protected current: Page | null = null;

  get page(): Page {
    if (!this.current) throw new Error('no page is open');
    return this.current;
  }

  /** As if the browser had kept no cookie. */
  async forgetCookies(): Promise<void> {
    this.cookies.clear();
  }

  /** Types an address into the address bar. */
  open(address: string): Promise<Page> {
    return this.navigate({ method: 'GET', url: new URL(address), from: null });
  }

  /** Presses the button, or follows the link, whose words begin with `words`. */
  async press(words: string, changes: Record<string, string | string[]> = {}): Promise<Page> {
    const { $, url } = this.page;
    const target = $('main a, main button, header a, header button, footer button')
      .toArray()
      .find((element) => fold($(element).text()).startsWith(words));
    if (!target)
      throw new Error(
        `“${words}” is not on the page “${this.page.heading}”: ${this.page.text.slice(0, 600)}`,
      );
    const element = $(target);
    if (target.tagName === 'a')
      return this.navigate({ method: 'GET', url: new URL(element.attr('href')!, url), from: url });
    const own = element.attr('form');
    const form = own === undefined ? element.closest('form') : $(`#${own}`);
    const fields = new URLSearchParams(
      form.serializeArray().map(({ name, value }): [string, string] => [name, value]),
    );
    if (element.attr('name')) fields.set(element.attr('name')!, element.attr('value') ?? '');
    for (const [name, value] of Object.entries(changes)) {
      fields.delete(name);
      for (const one of [value].flat()) fields.append(name, one);
    }
    return this.submit(form.attr('method')!, new URL(form.attr('action')!, url), fields);
  }

  submit(method: string, action: URL, fields: URLSearchParams): Promise<Page> {
    const from = this.current?.url ?? null;
    if (method.toLowerCase() === 'post')
      return this.navigate({ method: 'POST', url: action, body: fields.toString(), from });
    const url = new URL(action);
    url.search = fields.toString();
    return this.navigate({ method: 'GET', url, from });
  }

  private async navigate(request: Request): Promise<Page> {
    let next: Request | null = request;
    for (let hops = 0; next !== null; hops++) {
      if (this.stopBefore?.test(next.url.href)) {
        this.stoppedAt = next.url;
        break;
      }
      if (hops > 20) throw new Error(`too many redirects at ${next.url}`);
      next = await this.exchange(next);
    }
    return this.page;
  }

  /** Sends one request; returns the one that a redirect or a refresh leads to. */
  private async exchange({ method, url, body, from }: Request): Promise<Request | null> {
    this.visited.push(url.href);
    const request =
      method === 'POST'
        ? supertest(url.origin)
            .post(url.pathname + url.search)
            .send(body ?? '')
        : supertest(url.origin).get(url.pathname + url.search);
    if (method === 'POST') request.set('Content-Type', 'application/x-www-form-urlencoded');
    request
      .set('Cookie', this.cookieHeader(url))
      .set('Sec-Fetch-Site', siteOf(from, url))
      .set('Accept', 'text/html,application/xhtml+xml,*/*;q=0.8')
      .set('Sec-Fetch-Mode', 'navigate')
      .set('Sec-Fetch-Dest', 'document');
    if (method === 'POST' && from) request.set('Origin', from.origin);
    if (this.userAgent !== null) request.set('User-Agent', this.userAgent);
    for (const [name, value] of this.headers) request.set(name, value);
    const response = await request.redirects(0).ok(() => true);
    this.keepCookies(url, response.headers['set-cookie'] as unknown as string[] | undefined);
    const location: string | undefined = response.headers['location'];
    if (response.status >= 300 && response.status < 400 && location) {
      // A redirected navigation is as foreign as the most foreign page on its way.
      return { method: 'GET', url: new URL(location, url), from: from ?? null };
    }
    const page = readPage(url, response.status, response.headers, response.text ?? '');
    const { $ } = page;
    this.current = page;
    const refresh = /^0;url=(.+)$/.exec($('meta[http-equiv=refresh]').attr('content') ?? '')?.[1];
    return refresh ? { method: 'GET', url: new URL(refresh, url), from: url } : null;
  }

  cookieHeader(url: URL): string {
    return [...(this.cookies.get(url.hostname) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private keepCookies(url: URL, lines: string[] = []): void {
    const jar = this.cookies.get(url.hostname) ?? new Map<string, string>();
    this.cookies.set(url.hostname, jar);
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length);
      if (expires && Date.parse(expires) <= Date.now()) jar.delete(name);
      else jar.set(name, pair.slice(pair.indexOf('=') + 1));
    }
  }
}

/** What a page shows. */
export function readPage(url: URL, status: number, headers: Record<string, string>, html: string): Page {
  const $ = load(html);
  // Decoration is no part of a name.
  $('[aria-hidden=true]').remove();
  return { url, status, headers, html, $, heading: fold($('h1').text()), text: fold($('body').text()) };
}

/** What Sec-Fetch-Site says: a site is scheme and registrable domain, whatever the port. */
function siteOf(from: URL | null, to: URL): string {
  if (from === null) return 'none';
  if (from.origin === to.origin) return 'same-origin';
  return from.hostname === to.hostname ? 'same-site' : 'cross-site';
}

function fold(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

export interface AtProvider {
  /** Which made-up person, by the words on the sandbox's page; the first one by default. */
  readonly person?: string;
  /** Mixin: permissions to untick. */
  readonly untick?: readonly string[];
  readonly deny?: boolean;
}

/** Signs in as far as the provider's answer, which is returned instead of being delivered. */
export async function captureCallback(
  visitor: Visitor,
  start: () => Promise<unknown>,
  appUrl: string,
  answer: AtProvider = {},
): Promise<URL> {
  visitor.stopBefore = /\/login\/[a-z]+\/callback/;
  visitor.stoppedAt = null;
  await start();
  for (let steps = 0; visitor.stoppedAt === null; steps++) {
    if (steps > 8 || visitor.page.url.origin === new URL(appUrl).origin)
      throw new Error(`no callback after “${visitor.page.heading}”`);
    await answerOnePage(visitor, answer);
  }
  visitor.stopBefore = null;
  return visitor.stoppedAt;
}

/** Starts a sign-in from the front page. */
export async function startSignIn(visitor: Visitor, baseUrl: string, providerName: string): Promise<void> {
  await visitor.open(`${baseUrl}/`);
  await visitor.press(`Continue with ${providerName}`);
}

/** Goes through the sandbox's pages from wherever it has led the visitor, back to the application. */
export async function answerAtProvider(
  visitor: Visitor,
  appUrl: string,
  answer: AtProvider = {},
): Promise<Page> {
  for (let steps = 0; visitor.page.url.origin !== new URL(appUrl).origin; steps++) {
    if (steps > 8) throw new Error(`still at the provider: ${visitor.page.heading}`);
    await answerOnePage(visitor, answer);
  }
  return visitor.page;
}

async function answerOnePage(
  visitor: Visitor,
  { person, untick = [], deny = false }: AtProvider,
): Promise<void> {
  const { $, heading } = visitor.page;
  if (heading === 'Approve in Mixin') return void (await approveOnPhone(visitor, { person, untick, deny }));
  if ($('button[name=answer][value=yes]').length > 0)
    return void (await visitor.press(deny ? 'Cancel' : 'Allow'));
  if ($('input[name=person]').length > 0)
    return void (await visitor.press('Sign in', { person: findPerson($, person) }));
  if ($('button[name=person]').length > 0) {
    const remembered = person === undefined || fold($('button[name=person]').text()).includes(person);
    return void (await visitor.press(remembered ? 'Continue as' : 'Use another person'));
  }
  throw new Error(`no way on from “${heading}”: ${visitor.page.text.slice(0, 600)}`);
}

/** Opens the phone page, answers there, comes back and presses “check now”. */
async function approveOnPhone(
  visitor: Visitor,
  { person, untick = [], deny }: { person: string | undefined; untick: readonly string[]; deny: boolean },
): Promise<void> {
  const waiting = visitor.page.url.href;
  await visitor.press('Open on this device');
  const { $ } = visitor.page;
  const scopes = $('input[name=scope]')
    .toArray()
    .map((input) => $(input).attr('value')!);
  const changes: Record<string, string | string[]> = {
    scope: scopes.filter((scope) => !untick.includes(scope)),
  };
  if ($('input[name=person]').length > 0) changes['person'] = findPerson($, person);
  await visitor.press(deny ? 'Deny' : 'Approve', changes);
  if (visitor.stoppedAt) return;
  // On the same device the phone page may lead back by itself.
  if (!visitor.page.heading.startsWith('Approved') && !visitor.page.heading.startsWith('Denied')) return;
  await visitor.open(waiting);
  if (visitor.page.heading === 'Approve in Mixin') await visitor.press('I have approved it');
}

function findPerson($: CheerioAPI, name: string | undefined): string {
  const inputs = $('input[name=person]').toArray();
  const found =
    name === undefined
      ? inputs[0]
      : inputs.find((input) => fold($(input).closest('label').text()).includes(name));
  if (!found) throw new Error(`no person “${name}” at the provider`);
  return $(found).attr('value')!;
}

/** Signs in from the front page. */
export async function signIn(
  visitor: Visitor,
  baseUrl: string,
  providerName: string,
  answer: AtProvider = {},
): Promise<Page> {
  await visitor.open(`${baseUrl}/`);
  await visitor.press(`Continue with ${providerName}`);
  return answerAtProvider(visitor, baseUrl, answer);
}

/** Links one more provider from the profile. */
export async function linkProvider(
  visitor: Visitor,
  baseUrl: string,
  providerName: string,
  answer: AtProvider = {},
): Promise<Page> {
  await visitor.open(`${baseUrl}/profile`);
  await visitor.press(`Link ${providerName}`);
  return answerAtProvider(visitor, baseUrl, answer);
}
