import { type Page, Visitor } from '../../test/support/visitor.ts';
import { cutOffHeader } from './balancer.ts';
import { type Entry, keyOf, type LedgerAccount, type ProviderName, providers } from './ledger.ts';

/** What all browsers have done, in numbers. */
export interface Tally {
  loginsTried: number;
  loginsDone: number;
  linksTried: number;
  linksDone: number;
  unlinksTried: number;
  unlinksDone: number;
  profilesRead: number;
  signOuts: number;
  /** Pages that say that something did not work, by their code. */
  readonly refused: Map<string, number>;
  /** Answers that the provider itself gave instead of leading back. */
  atProvider: number;
  cutOff: number;
  /** Links and unlinks that were done, and the page did not say so. */
  withoutWords: number;
  /** What should not have happened, in words, each with how often. */
  readonly unexpected: Map<string, number>;
}

export function createTally(): Tally {
  const none = { loginsTried: 0, loginsDone: 0, linksTried: 0, linksDone: 0, unlinksTried: 0 };
  const rest = { unlinksDone: 0, profilesRead: 0, signOuts: 0, atProvider: 0, cutOff: 0, withoutWords: 0 };
  return { ...none, ...rest, refused: new Map(), unexpected: new Map() };
}

/** A provider that fails may lead to these, and nothing was changed then. */
const providerCodes = new Set([
  'provider_unreachable',
  'provider_busy',
  'authorization_refused',
  'authorization_denied',
  'token_request_refused',
  'token_response_invalid',
  'id_token_invalid',
  'userinfo_request_refused',
  'userinfo_response_invalid',
]);
/**
 * The tokens of a sign-in with Twitch are over. The soak ends access tokens all the time, and one that
 * ends between its renewal and its validation looks like this.
 */
const overCode = 'access_ended';
/** A store that fails may lead to these, and they leave open what has happened. */
const storeCodes = new Set(['store_unavailable', 'change_under_way']);
/** These only for somebody whose last answer left open what has happened. Any other one is a mistake. */
const codesWhenUnsure = new Set([
  'not_signed_in',
  'session_changed',
  'state_unknown',
  'state_used',
  'not_found',
  'decision_expired',
]);

export interface Surroundings {
  readonly baseUrl: string;
  readonly tally: Tally;
  readonly accounts: LedgerAccount[];
  readonly limitMilliseconds: number;
  nextPerson(): string;
  /** Pauses, and true when it is time to stop. */
  pause(): Promise<boolean>;
}

/** How an action ended: with the page that was wanted, with a provider's failure, or with something else. */
type Outcome = 'done' | 'refused by provider' | 'open';

/** One virtual browser: signs in, links, reads, unlinks, signs out, and keeps book of what it was told. */
export async function browse(around: Surroundings): Promise<void> {
  const { tally } = around;
  const own: LedgerAccount[] = [];
  let visitor = new Visitor();
  let account: LedgerAccount | null = null;
  // True from an answer that left something open until a page shows how things are.
  let unsure = false;
  // True from an unlink that was cut off: when it took the identity that the session leans on, the
  // session ends too, though not before the lease of the account does.
  let leaning = false;

  while (!(await around.pause())) {
    if (account === null) await signIn();
    else await doSomething(account);
  }

  async function signIn(): Promise<void> {
    const known = own.filter(({ entries }) => entries.some(({ state }) => state === 'linked'));
    const returning = known.length > 0 && Math.random() < 0.7 ? pick(known) : null;
    const entry: Entry = returning
      ? pick(returning.entries.filter(({ state }) => state === 'linked'))
      : { provider: pick(providers), person: around.nextPerson(), state: 'unsure' };
    const belongsTo = returning ?? { entries: [entry] };
    if (!returning) {
      own.push(belongsTo);
      around.accounts.push(belongsTo);
    }
    tally.loginsTried += 1;
    visitor.headers.set('X-Sandbox-Person', entry.person);
    const outcome = await attempt('sign in', async () => {
      await visitor.open(`${around.baseUrl}/`);
      // Signed in after all: the answer that said so was lost.
      if (visitor.page.heading === 'Your accounts') await visitor.press('Sign out');
      if (!canPress(`Continue with ${entry.provider}`)) return false;
      await visitor.press(`Continue with ${entry.provider}`);
      return visitor.page.heading === 'Your accounts';
    });
    if (outcome === 'refused by provider' && !returning) entry.state = 'unlinked';
    if (outcome !== 'done') return;
    tally.loginsDone += 1;
    account = belongsTo;
    entry.state = 'linked';
    leaning = false;
    settle(belongsTo);
  }

  async function doSomething(here: LedgerAccount): Promise<void> {
    const linked = here.entries.filter(({ state }) => state === 'linked');
    const free = providers.filter((name) => !linked.some(({ provider }) => provider === name));
    const dice = Math.random();
    if (dice < 0.35 && free.length > 0) return link(here, pick(free));
    if (dice < 0.5 && linked.length > 1) return unlink(here, pick(linked));
    if (dice < 0.65) return readAgain(here, pick(linked));
    if (dice < 0.82) return look(here);
    return signOut();
  }

  async function look(here: LedgerAccount): Promise<void> {
    const outcome = await attempt('look', async () => {
      await visitor.open(`${around.baseUrl}/profile`);
      return visitor.page.heading === 'Your accounts';
    });
    if (outcome === 'done') settle(here);
  }

  async function link(here: LedgerAccount, provider: ProviderName): Promise<void> {
    const entry: Entry = { provider, person: around.nextPerson(), state: 'unsure' };
    here.entries.push(entry);
    tally.linksTried += 1;
    visitor.headers.set('X-Sandbox-Person', entry.person);
    const outcome = await attempt('link', async () => {
      await visitor.open(`${around.baseUrl}/profile`);
      if (!canPress(`Link ${provider}`)) return false;
      await visitor.press(`Link ${provider}`);
      return visitor.page.heading === 'Your accounts' && isShown(entry) && isSaid('is linked.');
    });
    if (outcome === 'refused by provider') entry.state = 'unlinked';
    if (outcome !== 'done') return;
    tally.linksDone += 1;
    entry.state = 'linked';
    settle(here);
  }

  async function unlink(here: LedgerAccount, entry: Entry): Promise<void> {
    tally.unlinksTried += 1;
    const outcome = await attempt('unlink', async () => {
      await visitor.open(`${around.baseUrl}/profile`);
      if (!canPress(`Unlink ${entry.provider}`)) return false;
      await visitor.press(`Unlink ${entry.provider}`);
      if (visitor.page.heading !== `Unlink ${entry.provider}?`) return false;
      entry.state = 'unsure';
      await visitor.press(`Unlink ${entry.provider}`);
      return visitor.page.heading === 'Your accounts' && !isShown(entry) && isSaid('is unlinked.');
    });
    if (outcome === 'open') leaning = true;
    if (outcome !== 'done') return;
    tally.unlinksDone += 1;
    entry.state = 'unlinked';
    settle(here);
  }

  async function readAgain(here: LedgerAccount, entry: Entry): Promise<void> {
    const words = `Read profile again from ${entry.provider}`;
    const outcome = await attempt('read', async () => {
      await visitor.open(`${around.baseUrl}/profile`);
      if (!canPress(words)) return visitor.page.heading === 'Your accounts';
      await visitor.press(words);
      return visitor.page.heading === 'Your accounts';
    });
    if (outcome !== 'done') return;
    tally.profilesRead += 1;
    settle(here);
  }

  async function signOut(): Promise<void> {
    const copy = visitor.cookieHeader(new URL(around.baseUrl));
    const outcome = await attempt('sign out', async () => {
      await visitor.open(`${around.baseUrl}/profile`);
      if (!canPress('Sign out')) return false;
      await visitor.press('Sign out');
      return visitor.page.text.includes('You are signed out.');
    });
    if (outcome !== 'done') return;
    tally.signOuts += 1;
    account = null;
    // The same cookies once more: nobody may be signed in with them.
    const thief = new Visitor();
    thief.headers.set('Cookie', copy);
    visitor = new Visitor();
    await attempt('come back', async () => {
      await thief.open(`${around.baseUrl}/profile`);
      if (thief.page.heading === 'Your accounts')
        complain('signed in with the cookie of a session that was signed out');
      return true;
    });
  }

  function canPress(words: string): boolean {
    const { $ } = visitor.page;
    const texts = $('main a, main button, header button').toArray();
    return texts.some((element) => $(element).text().replace(/\s+/g, ' ').trim().startsWith(words));
  }

  function isShown({ provider, person }: Entry): boolean {
    return cardsOn(visitor.page).has(keyOf(provider, person));
  }

  /** The words about what was done are kept in the session. A store that fails just then loses them. */
  function isSaid(words: string): boolean {
    if (!visitor.page.text.includes(words)) tally.withoutWords += 1;
    return true;
  }

  /** The cards say what is linked: what was acknowledged must be there, and what was unlinked must not. */
  function settle(here: LedgerAccount): void {
    unsure = false;
    const shown = cardsOn(visitor.page);
    for (const entry of here.entries) {
      const isShown = shown.has(keyOf(entry.provider, entry.person));
      if (entry.state === 'linked' && !isShown) complain('a page without an identity that was acknowledged');
      if (entry.state === 'unlinked' && isShown) complain('a page with an identity that was unlinked');
      if (entry.state === 'unsure' && isShown) entry.state = 'linked';
    }
    const names = new Set(here.entries.map(({ provider, person }) => keyOf(provider, person)));
    for (const name of shown) if (!names.has(name)) complain('a page with the identity of somebody else');
  }

  function complain(what: string): void {
    tally.unexpected.set(what, (tally.unexpected.get(what) ?? 0) + 1);
  }

  /** Does something, and sorts how it ended. */
  async function attempt(what: string, work: () => Promise<boolean>): Promise<Outcome> {
    const wasUnsure = unsure;
    unsure = true;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('hangs')), around.limitMilliseconds * 3);
    try {
      if (await Promise.race([work(), late])) {
        unsure = false;
        return 'done';
      }
      return sort(what, visitor.page, wasUnsure);
    } catch (error) {
      complain(`${what}: ${(error as Error).message.slice(0, 200)}`);
    } finally {
      clearTimeout(timer);
    }
    return 'open';
  }

  function sort(what: string, page: Page, wasUnsure: boolean): Outcome {
    if (page.headers[cutOffHeader]) {
      tally.cutOff += 1;
      return 'open';
    }
    if (page.url.origin !== new URL(around.baseUrl).origin) {
      tally.atProvider += 1;
      unsure = wasUnsure;
      return 'refused by provider';
    }
    const code = errorCodeOn(page);
    if (code !== null) return sortRefusal(what, code, wasUnsure);
    // What was wanted is there already, or is not there any more: an answer before this one was lost.
    if (wasUnsure && page.heading === 'Your accounts' && account) settle(account);
    // Signed out, which may be so when an answer was lost on its way.
    else if (wasUnsure && page.heading === 'Sign in') account = null;
    else complain(`${what}: ${page.status} “${page.heading}”`);
    if (page.heading === 'Sign in') account = null;
    return 'open';
  }

  function sortRefusal(what: string, code: string, wasUnsure: boolean): Outcome {
    tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
    if (storeCodes.has(code)) return 'open';
    if (providerCodes.has(code)) {
      unsure = wasUnsure;
      return 'refused by provider';
    }
    const isAllowed = code === overCode || ((wasUnsure || leaning) && codesWhenUnsure.has(code));
    if (!isAllowed) complain(`${what}: ${code}`);
    account = null;
    visitor = new Visitor();
    return 'open';
  }
}

/** The identities on the profile page. */
function cardsOn({ $ }: Page): Set<string> {
  const cards = $('section[aria-labelledby=linked] article').toArray();
  return new Set(
    cards.map((card) => {
      const name = $(card).find('strong').first().text().trim();
      return keyOf($(card).find('h3').text().trim(), name);
    }),
  );
}

function errorCodeOn({ $ }: Page): string | null {
  const code = $('details dt:contains("Error code")').next('dd').text().trim();
  return code === '' ? null : code;
}

function pick<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)]!;
}
