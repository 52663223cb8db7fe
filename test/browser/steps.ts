import type { BrowserContext, Locator, Page } from 'playwright-core';
import { signIn, linkProvider, Visitor } from '../support/visitor.ts';

/** What a person does in the browser, for the tests of this folder and for the screenshots. */

export interface Answer {
  /** A made-up person of the sandbox. */
  readonly person?: string;
  readonly deny?: boolean;
  /** Mixin: permissions to untick. */
  readonly untick?: readonly string[];
}

/** Waits until the page has this heading. */
export async function seeHeading(page: Page, words: string | RegExp): Promise<void> {
  const heading = page.getByRole('heading', { level: 1, name: words, exact: true });
  await heading.waitFor().catch(async () => {
    const seen = await page
      .locator('main')
      .textContent({ timeout: 500 })
      .catch(() => 'nothing');
    throw new Error(`“${words}” is not the heading of ${page.url()}, which shows: ${seen?.slice(0, 400)}`);
  });
}

/** Waits until the page says this. */
export async function seeText(page: Page, words: string | RegExp): Promise<void> {
  await page.getByText(words).first().waitFor();
}

export function button(page: Page, words: string | RegExp): Locator {
  return page.getByRole('button', { name: words });
}

function radioOf(page: Page, person: string): Locator {
  return page.getByRole('radio', { name: new RegExp(`^${person}\\s`) });
}

/** Chooses the person and answers the question, from the provider's first page to the application. */
export async function answerAtProvider(page: Page, provider: string, answer: Answer = {}): Promise<void> {
  if (provider === 'Mixin') return approveOnThisDevice(page, answer);
  await choosePerson(page, provider, answer.person);
  await button(page, answer.deny ? 'Cancel' : 'Allow').click();
}

export async function choosePerson(
  page: Page,
  provider: string,
  person = 'Ada',
  application = 'Latchkey',
): Promise<void> {
  await seeHeading(page, `Sign in to Sandbox ${provider}`);
  await radioOf(page, person).check();
  await button(page, 'Sign in').click();
  await seeHeading(page, `${application} wants to`);
}

async function approveOnThisDevice(page: Page, answer: Answer): Promise<void> {
  await seeHeading(page, 'Approve in Mixin');
  await page.getByRole('link', { name: 'Open on this device' }).click();
  await answerOnPhone(page, answer);
}

/** The phone's page, wherever it is open. */
export async function answerOnPhone(
  phone: Page,
  { person = 'Ada', deny = false, untick = [] }: Answer = {},
): Promise<void> {
  await seeHeading(phone, 'Latchkey wants to');
  await radioOf(phone, person).check();
  for (const scope of untick) await phone.locator(`input[name=scope][value="${scope}"]`).uncheck();
  await button(phone, deny ? 'Deny' : 'Approve').click();
}

/** Signs in over plain HTTP and hands the cookies to the browser: for tests of what comes afterwards. */
export async function arriveSignedIn(
  context: BrowserContext,
  baseUrl: string,
  providers: readonly string[],
  answer: Answer = {},
): Promise<void> {
  const visitor = new Visitor();
  const [first = 'Twitch', ...others] = providers;
  await signIn(visitor, baseUrl, first, answer);
  for (const provider of others) await linkProvider(visitor, baseUrl, provider, answer);
  // Shown once here, so that it is not shown again in the browser.
  await visitor.open(`${baseUrl}/profile`);
  await handOver(context, visitor);
}

/** Gives the browser the cookies that a visitor over plain HTTP has got. */
export async function handOver(context: BrowserContext, visitor: Visitor): Promise<void> {
  await context.addCookies(
    [...visitor.cookies].flatMap(([domain, jar]) =>
      [...jar].map(([name, value]) => ({ name, value, domain, path: '/' })),
    ),
  );
}
