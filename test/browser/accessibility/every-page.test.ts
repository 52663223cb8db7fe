import type { Page } from 'playwright-core';
import { describeInBrowser, useBrowser } from '../../support/in-browser.ts';
import { visitState } from '../looks.ts';
import { pageStates } from '../page-states.ts';
import { pageScripts } from './page-scripts.ts';
import { type ElementFacts, findUntold, readTree } from './tree.ts';

const browser = useBrowser();

/** A way to look at a page, and what must not be found then. */
interface Look {
  readonly what: string;
  readonly width?: number;
  readonly media?: Parameters<Page['emulateMedia']>[0];
  /** Pixels: the size of text that the person set in the browser, 16 by default. */
  readonly fontSize?: number;
  /** What the person's browser puts on top of the page's own sheet. */
  readonly css?: string;
  /** Functions of in-page.js. */
  readonly find: readonly string[];
}

/** Nothing cut off, nothing over something else, no scrolling sideways. */
const text = ['inPage.findCutOff()', 'a11y.findClippedText()', 'a11y.findOverlaps()', 'a11y.findSideways()'];
const spacing = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
  p { margin-bottom: 2em !important }`;

const looks: readonly Look[] = [
  // A window of 1280 pixels at 200 %.
  { what: 'zoomed to 200 %', width: 640, find: text },
  { what: 'text at 200 %', fontSize: 32, find: text },
  { what: 'text spacing, wide', css: spacing, find: text },
  { what: 'text spacing, narrow', width: 320, css: spacing, find: text },
  {
    what: 'light',
    media: { colorScheme: 'light' },
    find: ['a11y.findFaintLines()', 'a11y.findUnseenFocus()'],
  },
  {
    what: 'dark, narrow',
    width: 320,
    media: { colorScheme: 'dark' },
    find: ['a11y.findFaintLines()', 'a11y.findUnseenFocus()'],
  },
  {
    what: 'more contrast, light',
    media: { contrast: 'more', colorScheme: 'light' },
    find: ['a11y.findWeakContrast()', 'a11y.findWordless()'],
  },
  {
    what: 'more contrast, dark',
    media: { contrast: 'more', colorScheme: 'dark' },
    find: ['a11y.findWeakContrast()'],
  },
  {
    what: 'forced colours, light',
    media: { forcedColors: 'active', colorScheme: 'light' },
    find: ['a11y.findLostInForcedColors()'],
  },
  {
    what: 'forced colours, dark',
    media: { forcedColors: 'active', colorScheme: 'dark' },
    find: ['a11y.findLostInForcedColors()', 'a11y.findUnseenFocus()'],
  },
  { what: 'reduced motion', media: { reducedMotion: 'reduce' }, find: ['a11y.findMotion()'] },
  // A4 without its margins, in pixels of CSS.
  { what: 'print', width: 718, media: { media: 'print' }, find: ['a11y.findPrintFaults()'] },
];

describeInBrowser('for whoever sees, hears or operates it in a way of their own', () => {
  test.each(pageStates)(
    '$name',
    async (state) => {
      await visitState(browser(), state, async (page) => {
        await page.evaluate(pageScripts);
        const faults = [
          ...(await findForThePrinterOfFolds(page)),
          ...(await findForTheEar(page)),
          ...(await findOnTheWayOfTab(page)),
        ];
        for (const look of looks) faults.push(...(await findIn(page, look)));
        expect([...new Set(faults)].slice(0, 60)).toEqual([]);
      });
    },
    60_000,
  );
});

/** Print opens what is folded, so that has to be looked at before anything is unfolded. */
async function findForThePrinterOfFolds(page: Page): Promise<string[]> {
  const faults = await findIn(page, looks.at(-1)!);
  await page.evaluate('inPage.openFolds()');
  await wear(page, {});
  return faults;
}

async function findForTheEar(page: Page): Promise<string[]> {
  const tree = await readTree(page);
  const facts = (await page.evaluate('a11y.listFacts()')) as ElementFacts[];
  return findUntold(tree, facts, String(await page.evaluate('document.documentElement.lang')));
}

async function findOnTheWayOfTab(page: Page): Promise<string[]> {
  const stops = Number(await page.evaluate('a11y.watchFocus()'));
  for (let tabs = 0; tabs < stops; tabs++) await page.keyboard.press('Tab');
  return (await page.evaluate('a11y.takeFocusLog()')) as string[];
}

const plain: Parameters<Page['emulateMedia']>[0] = {
  media: 'screen',
  colorScheme: 'light',
  forcedColors: 'none',
  contrast: 'no-preference',
  reducedMotion: 'no-preference',
};

async function findIn(page: Page, look: Look): Promise<string[]> {
  await wear(page, look);
  const faults: string[] = [];
  for (const find of look.find) faults.push(...((await page.evaluate(find)) as string[]));
  return faults.map((fault) => `${look.what}: ${fault}`);
}

async function wear(
  page: Page,
  { width = 1280, media, fontSize = 16, css = '' }: Omit<Look, 'what' | 'find'>,
) {
  // First: to end such a session also ends what emulateMedia set.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Page.setFontSizes', { fontSizes: { standard: fontSize } });
  await devtools.detach();
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ ...plain, ...media });
  await page.evaluate(`a11y.wear(${JSON.stringify(css)})`);
}
