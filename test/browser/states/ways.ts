import type { Page } from 'playwright-core';
import type { FaultName } from '../../../src/sandbox/faults.ts';
import { type Service, serviceNames } from '../../../src/sandbox/services.ts';
import type { RunningLatchkey } from '../../support/latchkey.ts';
import {
  type AtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../../support/visitor.ts';
import { answerAtProvider, button, handOver, seeHeading, seeText } from '../steps.ts';

/** What several of the states need on their way. */

export const all = ['Twitch', 'Mixin', 'Resonite', 'Mixer'];
/** The name with everything in it that breaks a layout. */
export const hostile = 'Zoë';
export const minutes = (count: number) => count * 60_000;
export const hours = (count: number) => minutes(60 * count);

/** Goes to an address of the application and sees what it is headed. */
export function at(path: string, heading: string | RegExp) {
  return async (page: Page, { baseUrl }: RunningLatchkey): Promise<void> => {
    await page.goto(baseUrl + path);
    await seeHeading(page, heading);
  };
}

/** The same of the application as it is with other settings: another node on the same stores. */
export function withSettings(env: Record<string, string>, path: string, heading: string | RegExp) {
  return async (page: Page, latchkey: RunningLatchkey): Promise<void> => {
    const node = await latchkey.startNode(env);
    await page.goto(node.baseUrl + path);
    await seeHeading(page, heading);
  };
}

/** The same of the sandbox. */
export function atSandbox(path: string, heading: string | RegExp) {
  return async (page: Page, { sandboxUrl }: RunningLatchkey): Promise<void> => {
    await page.goto(sandboxUrl + path);
    await seeHeading(page, heading);
  };
}

export async function startLogin(page: Page, baseUrl: string, provider: string): Promise<void> {
  await page.goto(baseUrl);
  await button(page, `Continue with ${provider}`).click();
}

/** Signs in as far as the answer of the provider, whose address is returned instead of being opened. */
export async function comeBack(
  page: Page,
  { baseUrl }: RunningLatchkey,
  provider: string,
  answer: AtProvider = {},
): Promise<URL> {
  const visitor = new Visitor();
  const start = () => startSignIn(visitor, baseUrl, provider);
  const callback = await captureCallback(visitor, start, baseUrl, answer);
  await handOver(page.context(), visitor);
  return callback;
}

/** A sign-in that meets this fault. */
export function withFault(service: Service, fault: FaultName) {
  return async (page: Page, latchkey: RunningLatchkey): Promise<void> => {
    latchkey.sandbox.state.faults.set(service, fault);
    const callback = await comeBack(page, latchkey, serviceNames[service]);
    await page.goto(callback.href);
  };
}

export async function openProfile(page: Page, { baseUrl }: RunningLatchkey): Promise<void> {
  await page.goto(`${baseUrl}/profile`);
  await seeHeading(page, 'Your accounts');
}

/** Does something in another tab and closes it again. */
export async function inAnotherTab(page: Page, work: (tab: Page) => Promise<void>): Promise<void> {
  const tab = await page.context().newPage();
  await work(tab);
  await tab.close();
}

export async function signOut(page: Page): Promise<void> {
  await button(page, 'Sign out').click();
  await seeText(page, 'You are signed out.');
}

/** Somebody else has a Mixer account here, and a Resonite account too; this person signs in with that Mixer account. */
export async function openConflict(
  page: Page,
  latchkey: RunningLatchkey,
  others: readonly string[] = ['Resonite'],
): Promise<void> {
  const other = new Visitor();
  await signIn(other, latchkey.baseUrl, 'Mixer', { person: hostile });
  for (const provider of others) await linkProvider(other, latchkey.baseUrl, provider, { person: hostile });
  await openProfile(page, latchkey);
  await button(page, 'Link Mixer').click();
  await answerAtProvider(page, 'Mixer', { person: hostile });
  await seeHeading(page, 'This Mixer account is linked to another account here');
}

export async function openReplace(page: Page, latchkey: RunningLatchkey, service = 'Twitch'): Promise<void> {
  await openProfile(page, latchkey);
  await button(page, `Switch ${service} account`).click();
  await answerAtProvider(page, service, { person: 'Bo' });
  await seeHeading(page, /^Replace .+ with .+\?$/);
}

/** A form of no page of ours: what an old tab or another site may send. */
export async function sendForm(page: Page, href: string, fields: Record<string, string> = {}): Promise<void> {
  const answered = page.waitForEvent('domcontentloaded');
  await page.evaluate(
    `(([action, fields]) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action });
      for (const [name, value] of fields)
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
      document.body.append(form);
      form.submit();
    })(${JSON.stringify([href, Object.entries(fields)])})`,
  );
  await answered;
}
