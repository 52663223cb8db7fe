import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import type { Browser } from 'playwright-core';
import { PNG } from 'pngjs';
import { findState } from './page-states.ts';
import { visitState } from './looks.ts';

/** The pages whose pictures are kept in `baseline/`, by the names of their states. */
export const keyPages = [
  'home',
  'profile-four-links',
  'inspector-failed',
  'setup',
  'error-token-request-refused',
  'conflict',
] as const;

export const colorSchemes = ['light', 'dark'] as const;

export interface Picture {
  /** Of its file, without the ending. */
  readonly name: string;
  readonly png: PNG;
}

/** How much of a picture may be different, as a share of its pixels. */
export const limit = 0.002;

/**
 * The same where another version of Chromium took the picture, which draws the edges of letters a little
 * differently: between 153 and 156 it was 0.3 %.
 */
export const limitOfOtherBrowsers = 0.005;

/** From which difference in colour on a pixel counts, from 0 to 1: more than one of its shades. */
const threshold = 0.05;

/** So that no setting of the machine changes how letters and colours are drawn. */
export const drawingFlags = [
  '--font-render-hinting=none',
  '--disable-lcd-text',
  '--force-color-profile=srgb',
];

export const baselineFolder = fileURLToPath(new URL('./baseline/', import.meta.url));
export const madeWithFile = join(baselineFolder, 'made-with.json');

const width = 1024;
/** What is below is left out, to keep the files small. */
const tallest = 1200;

const steady = readFileSync(new URL('./steady.js', import.meta.url), 'utf8');
const require = createRequire(import.meta.url);
const fonts = (['sans', 'mono'] as const).flatMap((kind) =>
  [400, 700].map((weight) => {
    const file = require.resolve(
      `@fontsource/dejavu-${kind}/files/dejavu-${kind}-latin-${weight}-normal.woff2`,
    );
    return { family: `steady ${kind}`, weight: String(weight), base64: readFileSync(file, 'base64') };
  }),
);

/** Takes the pictures of one page, with everything in it that is of one run written over. */
export async function takePictures(browser: Browser, name: string): Promise<Picture[]> {
  return visitState(browser, findState(name), async (page) => {
    await page.setViewportSize({ width, height: 800 });
    await page.evaluate(`${steady}; steady.fixFonts(${JSON.stringify(fonts)})`);
    await page.evaluate('steady.showPictures()');
    await page.evaluate('steady.fixWords()');
    const pictures: Picture[] = [];
    for (const colorScheme of colorSchemes) {
      await page.emulateMedia({ colorScheme });
      const height = Math.min(tallest, Number(await page.evaluate('document.documentElement.scrollHeight')));
      const clip = { x: 0, y: 0, width, height };
      const taken = await page.screenshot({ fullPage: true, clip, animations: 'disabled' });
      pictures.push({ name: `${name}-${colorScheme}`, png: withFewShades(PNG.sync.read(taken)) });
    }
    return pictures;
  });
}

/** Thirty-two shades of each colour are enough, and make the files smaller by a third. */
const shades = Uint8Array.from({ length: 256 }, (_, value) =>
  Math.round((Math.round((value * 31) / 255) * 255) / 31),
);

function withFewShades(png: PNG): PNG {
  const { data } = png;
  for (let index = 0; index < data.length; index++) data[index] = shades[data[index]!]!;
  return png;
}

export interface Comparison {
  /** Different pixels, as a share of all. Where one picture is larger, all of what it has more differs. */
  readonly share: number;
  /** The older picture, pale, with what differs in red. */
  readonly diff: PNG;
}

export function comparePictures(before: PNG, now: PNG): Comparison {
  const size = { width: Math.max(before.width, now.width), height: Math.max(before.height, now.height) };
  const diff = new PNG(size);
  const [one, other] = [before, now].map((png) => {
    const padded = new PNG({ ...size, fill: true });
    PNG.bitblt(png, padded, 0, 0, png.width, png.height, 0, 0);
    return padded.data;
  });
  const different = pixelmatch(one!, other!, diff.data, size.width, size.height, { threshold });
  return { share: different / (size.width * size.height), diff };
}

/** Large flat areas get smallest without any filter. */
export function writeSmall(png: PNG): Buffer {
  return PNG.sync.write(png, { colorType: 2, deflateLevel: 9, filterType: 0, deflateStrategy: 0 });
}

export function readBaseline(name: string): PNG | null {
  const file = join(baselineFolder, `${name}.png`);
  return existsSync(file) ? PNG.sync.read(readFileSync(file)) : null;
}

export function majorVersionOf(browser: Browser): number {
  return Number.parseInt(browser.version(), 10);
}
