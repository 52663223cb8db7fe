import { type Browser, createBrowser } from './browser.ts';
import { type Contestant, contestants } from './contestants.ts';
import { pagePath } from './load.ts';
import { startStub } from './stub-process.ts';
import { personOf } from './provider.ts';
import { type Running, startContestant, startSurroundings, type Surroundings } from './surroundings.ts';
import { packagesAreInstalled, readVersion } from './versions.ts';

/*
 * npm run bench:behaviour -- [id …]
 *
 * What the contestants of the benchmark do where a login is not plain. docs/comparison.md has the
 * outcome of one run. Prints a row for each; measures no speed.
 */

const patienceMilliseconds = 15_000;

/** Starts a login and lets this person agree at the provider: the address to come back to. */
async function startAndAgree(contestant: Contestant, browser: Browser, person: number): Promise<string> {
  return browser.visitProvider(await contestant.start(browser), { cookie: `person=${person}` });
}

/** Comes back, and says whether the page then is this person's. */
async function comesIn(browser: Browser, { baseUrl }: Running, callback: string, person: number) {
  const { location } = await browser.get(callback.slice(baseUrl.length));
  if (location === null) return false;
  const { status, text } = await browser.get(pagePath);
  return status === 200 && text.includes(personOf(person).name);
}

/** Two people, so that the page tells which of the two logins it is. */
async function twoTabs(contestant: Contestant, running: Running, browser: Browser): Promise<string> {
  const first = await startAndAgree(contestant, browser, 1);
  const second = await startAndAgree(contestant, browser, 2);
  const finished = [await comesIn(browser, running, first, 1), await comesIn(browser, running, second, 2)];
  return ['neither', 'one of two', 'both'][finished.filter(Boolean).length]!;
}

/** RFC 9207: an answer that says it is from another issuer than the one that was asked. */
async function foreignIssuer(contestant: Contestant, running: Running, browser: Browser): Promise<string> {
  const callback = new URL(await startAndAgree(contestant, browser, 3));
  callback.searchParams.set('iss', 'https://elsewhere.example');
  return (await comesIn(browser, running, callback.href, 3)) ? 'signs in' : 'refused';
}

async function silentProvider(contestant: Contestant, running: Running, browser: Browser): Promise<string> {
  const callback = await startAndAgree(contestant, browser, 4);
  const began = performance.now();
  const patience = AbortSignal.timeout(patienceMilliseconds);
  const silence = new Promise<null>((resolve) => patience.addEventListener('abort', () => resolve(null)));
  const answer = await Promise.race([browser.get(callback.slice(running.baseUrl.length)), silence]);
  if (answer === null) return `no answer within ${patienceMilliseconds / 1000} s`;
  return `answers ${answer.status} after ${Math.round((performance.now() - began) / 1000)} s`;
}

async function inOwnBrowser(
  look: (contestant: Contestant, running: Running, browser: Browser) => Promise<string>,
  contestant: Contestant,
  running: Running,
): Promise<string> {
  const browser = createBrowser(running.baseUrl);
  const outcome = await look(contestant, running, browser);
  // Not awaited: one that waits for a silent provider has a request under way.
  void browser.close();
  return outcome;
}

/** A provider that takes a token request and says nothing for a minute. */
async function withSilentProvider(contestant: Contestant, surroundings: Surroundings): Promise<string> {
  const stub = await startStub(60_000);
  const running = await startContestant(contestant, surroundings, stub);
  const outcome = await inOwnBrowser(silentProvider, contestant, running);
  await running.close();
  await stub.close();
  return outcome;
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((id) => !contestants.some((contestant) => contestant.id === id));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}`);
const asked = contestants.filter(({ id }) =>
  chosen.length === 0 ? id !== 'bare-express' : chosen.includes(id),
);
if (asked.some(({ needsPackages }) => needsPackages) && !packagesAreInstalled())
  throw new Error('the packages are missing: npm ci --prefix bench');
const surroundings = await startSurroundings(null);
try {
  console.log('| | two tabs, both finished | foreign `iss` | the provider says nothing |\n|---|---|---|---|');
  for (const contestant of asked) {
    const running = await startContestant(contestant, surroundings);
    const cells = [
      await inOwnBrowser(twoTabs, contestant, running),
      await inOwnBrowser(foreignIssuer, contestant, running),
    ];
    await running.close();
    cells.push(await withSilentProvider(contestant, surroundings));
    const versions = contestant.packages.map((name) => `${name} ${readVersion(name)}`);
    console.log(`| ${contestant.name} (${versions[0]}) | ${cells.join(' | ')} |`);
  }
} finally {
  await surroundings.close();
}
process.exit();
