import type { Page } from 'playwright-core';
import type { ErrorCode } from '../../src/errors.ts';
import type { WatchedContext } from '../support/browser.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import { accountStates } from './states/account-states.ts';
import { errorStates } from './states/error-states.ts';
import { homeStates } from './states/home-states.ts';
import { inspectorStates } from './states/inspector-states.ts';
import type { PageState } from './states/page-state.ts';
import { profileStates } from './states/profile-states.ts';
import { sandboxStates } from './states/sandbox-states.ts';
import { setupStates } from './states/setup-states.ts';
import { arriveSignedIn } from './steps.ts';

export type { PageState };

/** Every page a person can meet, in every state that has words of its own. */
export const stateGroups: readonly { readonly title: string; readonly states: readonly PageState[] }[] = [
  { title: 'Sign in', states: homeStates },
  { title: 'Your accounts', states: profileStates },
  { title: 'Changes and sessions', states: accountStates },
  { title: 'Errors', states: errorStates },
  { title: 'Inspector', states: inspectorStates },
  { title: 'Setup and help', states: setupStates },
  { title: 'Sandbox', states: sandboxStates },
];

export const pageStates: readonly PageState[] = stateGroups.flatMap(({ states }) => states);

export function findState(name: string): PageState {
  const found = pageStates.find((state) => state.name === name);
  if (!found) throw new Error(`There is no state ${name}.`);
  return found;
}

/** Opens the state in a new tab of the context. */
export async function openState(
  context: WatchedContext,
  latchkey: RunningLatchkey,
  { signedIn, open, code }: PageState,
): Promise<Page> {
  if (signedIn) {
    const { providers, person = 'Ada' } = signedIn;
    await arriveSignedIn(context, latchkey.baseUrl, providers, { person });
  }
  const page = await context.newPage();
  await open(page, latchkey);
  if (code) await seeCode(page, code);
  // Its words are there already. The page's own script moves the focus, and has run by then.
  await page.waitForLoadState('domcontentloaded');
  return page;
}

/** The code that an error page tells for support. */
async function seeCode(page: Page, code: ErrorCode): Promise<void> {
  const told = await page.locator('details dd code').last().textContent();
  if (told !== code) throw new Error(`${page.url()} is about ${told}, not ${code}`);
}
