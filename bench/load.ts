import type { ChildProcess } from 'node:child_process';
import { type Browser, createBrowser } from './browser.ts';
import { type Contestant, readHandOff } from './contestants.ts';
import { readComputing } from './processes.ts';
import { personOf } from './provider.ts';
import { quantile } from './statistics.ts';

export const newcomersInHundred = 20;
const remembered = 256;

/** The generator of Numerical Recipes: any even spread will do, as long as it is the same in each run. */
export function createDice(): (limit: number) => number {
  let state = 1;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Who logs in next: the same order for every contestant. */
interface People {
  next(): number;
}

/**
 * The first 256 have never been there. From then on one in five is new, and the others are any of the
 * last 256 who were: accounts and sessions grow, and nobody has more sessions than people have.
 */
function createPeople(): People {
  let known = 0;
  const below = createDice();
  return {
    next() {
      const isNew = known < remembered || below(100) < newcomersInHundred;
      return isNew ? known++ : known - 1 - below(remembered);
    },
  };
}

/** A signed-in browser: what it sends, and whose name its page shows. */
export interface Session {
  readonly cookie: string;
  readonly name: string;
}

/** One whole login in a new browser: start, provider, callback, and the page with the person's name. */
export async function login(
  contestant: Contestant,
  baseUrl: string,
  browser: Browser,
  person: number,
): Promise<Session> {
  browser.forget();
  const authorizationRequest = await contestant.start(browser);
  const callback = await browser.visitProvider(authorizationRequest, { cookie: `person=${person}` });
  const { name } = personOf(person);
  await openPage(browser, await followCallback(browser, baseUrl, callback), name);
  return { cookie: browser.cookies(), name };
}

/** Where the callback leads to. */
export async function followCallback(browser: Browser, baseUrl: string, callback: string): Promise<string> {
  if (!callback.startsWith(`${baseUrl}/`)) throw new Error('the provider leads elsewhere');
  const { status, location, text } = await browser.get(callback.slice(baseUrl.length));
  if (location === null) throw new Error(`the callback answered ${status}: ${text.slice(0, 300)}`);
  return new URL(location, baseUrl).href.slice(baseUrl.length);
}

/** Throws unless the page shows the name. Returns how many characters it has. */
export async function openPage(
  browser: Browser,
  path: string,
  name: string,
  cookie?: string,
): Promise<number> {
  const { status, text } = await browser.get(path, cookie);
  if (status !== 200 || !text.includes(name)) throw new Error(`${path} answered ${status} without ${name}`);
  return text.length;
}

export const pagePath = '/profile';

/** Adds the three other services, all played by the sandbox, to the account that the browser is in. */
async function linkOthers(browser: Browser, baseUrl: string, name: string): Promise<Session> {
  for (const provider of ['twitch', 'mixin', 'mixer']) {
    const { status, text } = await browser.post(`/login/${provider}`, '');
    const headers = { 'x-sandbox-person': name, accept: 'application/json' };
    const callback = await browser.visitProvider(readHandOff(status, text), headers);
    await openPage(browser, await followCallback(browser, baseUrl, callback), name);
  }
  return { cookie: browser.cookies(), name };
}

/** What was measured while something was done over and over for some seconds. */
export interface Slice {
  readonly count: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of the application's computing time, for each. */
  readonly computing: number;
  /** The same of the store's own process; null where there is none. */
  readonly storeComputing: number | null;
  /** Shares of a core. */
  readonly application: number;
  readonly driver: number;
  readonly stub: number;
}

export interface Watched {
  readonly application: ChildProcess;
  readonly store: ChildProcess | null;
  readonly stub: ChildProcess;
}

interface Computing {
  readonly application: number;
  readonly store: number;
  readonly stub: number;
  readonly driver: number;
}

async function readAll({ application, store, stub }: Watched): Promise<Computing> {
  const { user, system } = process.cpuUsage();
  return {
    application: await readComputing(application.pid!),
    store: store ? await readComputing(store.pid!) : 0,
    stub: await readComputing(stub.pid!),
    driver: (user + system) / 1000,
  };
}

/** Does `work` on every connection, again and again. The first error ends it all. */
async function repeat<C>(
  connections: readonly C[],
  goesOn: (done: number) => boolean,
  work: (connection: C) => Promise<void>,
): Promise<number[]> {
  const latencies: number[] = [];
  let begun = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (goesOn(begun++)) {
        const at = performance.now();
        await work(connection);
        latencies.push(performance.now() - at);
      }
    }),
  );
  return latencies;
}

export const forSeconds = (seconds: number): (() => boolean) => {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() < end;
};

export const forCount =
  (count: number): ((begun: number) => boolean) =>
  (begun) =>
    begun < count;

async function measure(watched: Watched, work: () => Promise<number[]>): Promise<Slice> {
  const [before, began] = [await readAll(watched), performance.now()];
  const latencies = await work();
  const milliseconds = performance.now() - began;
  const after = await readAll(watched);
  const used = (part: keyof Computing) => after[part] - before[part];
  const count = latencies.length;
  return {
    count,
    perSecond: (count * 1000) / milliseconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    computing: used('application') / count,
    storeComputing: watched.store ? used('store') / count : null,
    application: used('application') / milliseconds,
    driver: used('driver') / milliseconds,
    stub: used('stub') / milliseconds,
  };
}

/** Sixteen browsers at one application. */
export interface Load {
  readonly sessions: readonly Session[];
  logins(goesOn: (begun: number) => boolean): Promise<Slice>;
  /** Views of the signed-in page by `sessions`, in turn. */
  pages(goesOn: (begun: number) => boolean, sessions: readonly Session[]): Promise<Slice>;
  /** Characters of one page. */
  pageLength(session: Session): Promise<number>;
  /** Signs in so many people and links all four services to each. */
  sessionsWithFour(count: number): Promise<Session[]>;
  close(): Promise<void>;
}

const keptSessions = 256;

export function createLoad(
  contestant: Contestant,
  baseUrl: string,
  watched: Watched,
  connections: number,
): Load {
  const browsers = Array.from({ length: connections }, () => createBrowser(baseUrl));
  const people = createPeople();
  const sessions: Session[] = [];
  let logins = 0;

  async function loginOnce(browser: Browser): Promise<void> {
    sessions[logins++ % keptSessions] = await login(contestant, baseUrl, browser, people.next());
  }

  async function sessionWithFour(browser: Browser, person: number): Promise<Session> {
    const { name } = await login(contestant, baseUrl, browser, person);
    return linkOthers(browser, baseUrl, name);
  }

  return {
    sessions,
    logins: (goesOn) => measure(watched, () => repeat(browsers, goesOn, loginOnce)),
    pages(goesOn, of) {
      let next = 0;
      return measure(watched, () =>
        repeat(browsers, goesOn, async (browser) => {
          const { cookie, name } = of[next++ % of.length]!;
          await openPage(browser, pagePath, name, cookie);
        }),
      );
    },
    pageLength: ({ cookie, name }) => openPage(browsers[0]!, pagePath, name, cookie),
    // People who have not been there, so that nobody's services are linked already.
    sessionsWithFour: (count) =>
      Promise.all(
        browsers.slice(0, count).map((browser, index) => sessionWithFour(browser, 90_000_000 + index)),
      ),
    close: async () => void (await Promise.all(browsers.map((browser) => browser.close()))),
  };
}
