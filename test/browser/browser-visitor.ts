import type { Page as Tab, Response } from 'playwright-core';
import { type Page, readPage, Visitor } from '../support/visitor.ts';

/**
 * A visitor in a real browser: what is pressed is clicked, what is chosen is ticked. Whatever a test
 * has a `Visitor` do over plain HTTP, this one does with everything that a browser enforces.
 */
export class BrowserVisitor extends Visitor {
  readonly #tab: Tab;
  /** The answer that the page in the tab came with. */
  #answer: Response | null = null;

  constructor(tab: Tab) {
    super();
    this.#tab = tab;
    tab.on('response', (response) => {
      const isRedirect = response.status() >= 300 && response.status() < 400;
      if (response.request().isNavigationRequest() && !isRedirect) this.#answer = response;
    });
  }

  override async forgetCookies(): Promise<void> {
    await this.#tab.context().clearCookies();
  }

  override open(address: string): Promise<Page> {
    return this.#go(() => this.#tab.goto(address));
  }

  override async press(words: string, changes: Record<string, string | string[]> = {}): Promise<Page> {
    for (const [name, value] of Object.entries(changes)) await this.#choose(name, [value].flat());
    const name = new RegExp(`^${words.replaceAll(/[^\w\s]/g, '\\$&')}`);
    const within = (part: string) =>
      this.#tab
        .locator(part)
        .getByRole('button', { name })
        .or(this.#tab.locator(part).getByRole('link', { name }));
    const inMain = within('main');
    const target = (await inMain.count()) > 0 ? inMain : within('body');
    return this.#go(() => target.first().click());
  }

  /** A form that is on no page of ours, sent from the page in the tab. */
  override submit(method: string, action: URL, fields: URLSearchParams): Promise<Page> {
    const sent = JSON.stringify({ method, action: action.href, fields: [...fields] });
    return this.#go(() => this.#tab.evaluate(`(${sendForm})(${sent})`));
  }

  async #choose(name: string, values: readonly string[]): Promise<void> {
    for (const input of await this.#tab.locator(`input[name="${name}"]:enabled`).all()) {
      if ((await input.getAttribute('type')) === 'hidden') continue;
      const wanted = values.includes((await input.getAttribute('value')) ?? '');
      if (wanted || (await input.getAttribute('type')) === 'checkbox') await input.setChecked(wanted);
    }
  }

  /** Does what leads to another page, and reads the one where it ends, or stops before it. */
  async #go(act: () => Promise<unknown>): Promise<Page> {
    const stop = this.stopBefore ? await this.#watchFor(this.stopBefore) : null;
    const loaded = this.#tab.waitForEvent('load').then(() => this.#read());
    const [seen] = await Promise.all([stop ? Promise.race([loaded, stop.stopped]) : loaded, act()]);
    loaded.catch(() => {});
    await stop?.end();
    if (!seen) return this.page;
    const answer = this.#answer;
    const headers = (await answer?.allHeaders()) ?? {};
    this.current = readPage(new URL(seen.address), answer?.status() ?? 0, headers, seen.html);
    return this.current;
  }

  /** The page that stays: one that goes on by itself is not the one to read. */
  async #read(): Promise<SeenDocument> {
    for (;;) {
      await this.#tab.waitForLoadState('load');
      const seen = (await this.#tab.evaluate(readDocument).catch((error: unknown) => {
        // It went on in this very moment.
        if (String(error).includes('navigation')) return null;
        throw error;
      })) as SeenDocument | null;
      if (seen?.goesOn) await this.#tab.waitForURL((url) => url.href !== seen.address);
      else if (seen?.complete) return seen;
    }
  }

  /** Playwright's own routes do not see where a redirect leads; the browser's protocol does. */
  async #watchFor(pattern: RegExp) {
    const protocol = await this.#tab.context().newCDPSession(this.#tab);
    const { promise: stopped, resolve } = Promise.withResolvers<null>();
    // Once it has stopped, what the page still asks for is nobody's business.
    const answer: typeof protocol.send = (method, params) =>
      protocol.send(method, params).catch(() => undefined as never);
    protocol.on('Fetch.requestPaused', async ({ requestId, request }) => {
      if (!pattern.test(request.url)) return void answer('Fetch.continueRequest', { requestId });
      this.stoppedAt = new URL(request.url);
      await answer('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
      resolve(null);
    });
    await protocol.send('Fetch.enable', { patterns: [{ resourceType: 'Document' }] });
    return { stopped, end: () => protocol.detach() };
  }
}

interface SeenDocument {
  readonly address: string;
  readonly html: string;
  readonly complete: boolean;
  /** It leads on to another one by itself. */
  readonly goesOn: boolean;
}

const readDocument = `({
  address: location.href,
  html: document.documentElement.outerHTML,
  complete: document.readyState === 'complete',
  goesOn: document.querySelector('meta[http-equiv=refresh]') !== null,
})`;

/** Runs in the page, also where its own scripts may not. */
const sendForm = `({ method, action, fields }) => {
  const form = Object.assign(document.createElement('form'), { method, action });
  for (const [name, value] of fields)
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  document.body.append(form);
  form.submit();
}`;
