import type { CDPSession, Page } from 'playwright-core';

/** A person without a mouse: one page, and only the keys of the keyboard. */
export class Keys {
  readonly #page: Page;
  readonly #devtools: CDPSession;

  constructor(page: Page, devtools: CDPSession) {
    this.#page = page;
    this.#devtools = devtools;
  }

  static async on(page: Page): Promise<Keys> {
    return new Keys(page, await page.context().newCDPSession(page));
  }

  press(...keys: string[]): Promise<void> {
    return keys.reduce((before, key) => before.then(() => this.#page.keyboard.press(key)), Promise.resolve());
  }

  type(text: string): Promise<void> {
    return this.#page.keyboard.type(text);
  }

  /** What has the focus, as the browser tells it: `button “Continue with Twitch”`. */
  async focused(): Promise<string> {
    const { result } = await this.#devtools.send('Runtime.evaluate', {
      expression: 'document.activeElement',
    });
    const { nodes } = (await this.#devtools.send('Accessibility.getPartialAXTree', {
      objectId: result.objectId!,
      fetchRelatives: false,
    })) as {
      nodes: {
        role?: { value: string };
        name?: { value: string };
        properties?: { name: string; value: { value?: unknown } }[];
      }[];
    };
    await this.#devtools.send('Runtime.releaseObject', { objectId: result.objectId! });
    const { role, name, properties = [] } = nodes[0]!;
    const state = properties
      .filter((property) => ['checked', 'pressed', 'invalid'].includes(property.name))
      .filter(({ value }) => value.value === 'true')
      .map((property) => `, ${property.name}`);
    const words = (name?.value ?? '').replaceAll(/\s+/g, ' ').trim();
    return `${roles[role?.value ?? ''] ?? role?.value} “${words}”${state.join('')}`;
  }

  /** Goes on with Tab until this has the focus; fails when the focus comes round without. */
  async tabTo(wanted: string | RegExp): Promise<void> {
    const met: string[] = [];
    for (let tabs = 0; tabs < 150; tabs++) {
      await this.press('Tab');
      const focused = await this.focused();
      if (typeof wanted === 'string' ? focused === wanted : wanted.test(focused)) return;
      met.push(focused);
    }
    throw new Error(`Tab does not reach ${wanted}. It reaches: ${[...new Set(met)].join('; ')}`);
  }

  /** The same, and presses Enter there. */
  async enter(wanted: string | RegExp): Promise<void> {
    await this.tabTo(wanted);
    await this.press('Enter');
  }

  /** Every stop of Tab from the top of the page to its end. */
  async listStops(): Promise<string[]> {
    const count = Number(await this.#page.evaluate('a11y.watchFocus()'));
    const stops: string[] = [];
    for (let tabs = 0; tabs < count; tabs++) {
      await this.press('Tab');
      stops.push(await this.focused());
    }
    return stops;
  }
}

/** Chromium's words for roles, where there are plainer ones. */
const roles: Readonly<Record<string, string>> = {
  DisclosureTriangle: 'fold',
  textbox: 'text field',
  combobox: 'list',
};
