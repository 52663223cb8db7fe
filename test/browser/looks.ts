import type { Browser, Page } from 'playwright-core';
import { openContext } from '../support/browser.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { openState } from './page-states.ts';
import type { PageState } from './states/page-state.ts';

/** How a page is looked at. */
export interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
}

/** Each page is looked at in all of these. */
export const looks: readonly Look[] = [320, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ colorScheme, width })),
);

/**
 * Opens a state once, of an application and a sandbox of its own, so that no state depends on those
 * before it. Throws when the browser had anything to complain about meanwhile.
 */
export async function visitState<Result>(
  browser: Browser,
  state: PageState,
  visit: (page: Page, latchkey: RunningLatchkey) => Promise<Result>,
): Promise<Result> {
  const latchkey = await startLatchkey({ sandboxHost: '127.0.0.1' });
  const context = await openContext(browser);
  context.setDefaultTimeout(20_000);
  try {
    const result = await visit(await openState(context, latchkey, state), latchkey);
    if (context.complaints.length > 0) throw new Error(`${state.name}: ${context.complaints.join('\n')}`);
    return result;
  } finally {
    await context.close();
    await latchkey.close();
  }
}

/** The same page in each look, without loading it again. */
export async function inEachLook(page: Page, visit: (look: Look) => Promise<void>): Promise<void> {
  for (const look of looks) {
    await page.setViewportSize({ width: look.width, height: 800 });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await visit(look);
  }
}
