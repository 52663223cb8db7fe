import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import type { Page } from 'playwright-core';
import { loginErrorCodes, requestErrorCodes } from '../../src/errors.ts';
import { openContext, type WatchedContext } from '../support/browser.ts';
import { describeInBrowser, useBrowser, useLatchkey } from '../support/in-browser.ts';
import { inEachLook, type Look, visitState } from './looks.ts';
import { pageStates } from './page-states.ts';
import { button, seeHeading } from './steps.ts';

const browser = useBrowser();
const latchkey = useLatchkey({ sandboxHost: '127.0.0.1' });
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const inPage = readFileSync(new URL('./in-page.js', import.meta.url), 'utf8');

/** The templates that were used to make pages, by their place in `views`. */
const templates = new Set<string>();
const viewsFolder = fileURLToPath(new URL('../../views/', import.meta.url));
const template = ejs.Template.prototype as unknown as { opts: { filename: string }; compile(): unknown };
const { compile } = template;
template.compile = function (this: typeof template) {
  templates.add(relative(viewsFolder, this.opts.filename));
  return compile.call(this);
};

describeInBrowser('in light and dark, narrow and wide, without a fault that a tool can find', () => {
  // The longest pages have hundreds of rows, which axe looks through four times.
  test.each(pageStates)(
    '$name',
    async (state) => {
      await visitState(browser(), state, async (page) => {
        await page.evaluate(`${axe}; (() => { ${inPage} })(); inPage.openFolds();`);
        await inEachLook(page, async (look) => {
          expect({ ...look, faults: await findFaults(page, look) }).toEqual({ ...look, faults: [] });
        });
      });
    },
    60_000,
  );

  /** Of a provider from outside, as `test/add-a-provider.test.ts` has one. */
  const fallback = join('icons', 'other.ejs');

  // Needs those before it.
  test('they are made from every template there is', () => {
    const there = readdirSync(viewsFolder, { recursive: true, encoding: 'utf8' });
    const unused = there.filter((file) => file.endsWith('.ejs') && !templates.has(file) && file !== fallback);
    expect(unused).toEqual([]);
  });
});

describe('the states of the pages', () => {
  test('have each error that can be raised', () => {
    const shown = new Set(pageStates.map(({ code }) => code));
    const codes = [...loginErrorCodes, ...requestErrorCodes];
    expect(codes.filter((code) => !shown.has(code))).toEqual([]);
  });

  test('have names of their own', () => {
    const names = pageStates.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

/** Looks at the shape of the page in one colour scheme: it is the same in the other. */
async function findFaults(page: Page, { colorScheme }: Look): Promise<string[]> {
  if (colorScheme === 'dark')
    return (await page.evaluate('inPage.findViolations({ coloursAlone: true })')) as string[];
  const sideways = Number(await page.evaluate('inPage.sidewaysScroll()'));
  const small = (await page.evaluate('inPage.findSmallTargets()')) as string[];
  const cutOff = (await page.evaluate('inPage.findCutOff()')) as string[];
  const violations = (await page.evaluate('inPage.findViolations()')) as string[];
  return [
    ...(sideways > 0 ? [`scrolls sideways by ${sideways} pixels`] : []),
    ...small.map((target) => `too small to hit: ${target}`),
    ...cutOff.map((element) => `cut off: ${element}`),
    ...violations,
  ];
}

describeInBrowser('a page in use', () => {
  let context: WatchedContext;
  beforeEach(async () => {
    context = await openContext(browser());
  });
  afterEach(async () => {
    await context.close();
    expect(context.complaints).toEqual([]);
  });

  describe('by keyboard', () => {
    test('the first Tab reaches the skip link, and Enter on “Continue with Twitch” goes to Twitch', async () => {
      const page = await context.newPage();
      await page.goto(latchkey().baseUrl);
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Skip to the content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Continue with Twitch');
      await page.keyboard.press('Enter');
      await seeHeading(page, 'Sign in to Sandbox Twitch');
    });

    test('what has the focus shows a line around it', async () => {
      const page = await context.newPage();
      await page.goto(latchkey().baseUrl);
      for (let tabs = 0; tabs < 8; tabs++) {
        await page.keyboard.press('Tab');
        expect(await page.evaluate('getComputedStyle(document.activeElement).outline')).toMatch(/solid 3px/);
      }
    });
  });

  describe('the theme', () => {
    test('that was chosen overrules that of the system', async () => {
      const page = await context.newPage();
      await page.goto(latchkey().baseUrl);
      const light = await background(page);
      await button(page, 'Dark').click();
      await page.locator('[data-theme=dark]').waitFor();
      expect(await background(page)).not.toBe(light);
    });
  });

  describe('copying', () => {
    test('a button puts the return address on the clipboard, and says so', async () => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      const page = await context.newPage();
      await page.goto(`${latchkey().baseUrl}/setup`);
      await page.getByRole('button', { name: 'Copy the return address of Mixin' }).click();
      await page.getByText('Copied', { exact: true }).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
        `${latchkey().baseUrl}/login/mixin/callback`,
      );
    });

    test('without scripts there is no such button', async () => {
      const plain = await openContext(browser(), { scripts: false });
      const page = await plain.newPage();
      await page.goto(`${latchkey().baseUrl}/setup`);
      await seeHeading(page, 'Setup');
      expect(await page.getByRole('button', { name: /^Copy/ }).count()).toBe(0);
      await plain.close();
    });
  });
});

async function focused(page: Page): Promise<string> {
  return String(await page.evaluate('document.activeElement.innerText'))
    .replaceAll(/\s+/g, ' ')
    .replace(/^[A-Z][A-Za-z] /, '')
    .trim();
}

async function background(page: Page): Promise<string> {
  return String(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
}
