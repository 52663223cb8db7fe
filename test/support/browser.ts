import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

/*
 * The browser of the tests: Chrome or Chromium.
 *
 * BROWSER_PATH    the executable to use
 * BROWSER_SOURCE  `installed` or `package`: looks nowhere else, for testing this file itself
 */

export interface FoundBrowser {
  readonly source: 'path' | 'installed' | 'package';
  readonly executable: string;
  /** Variables that the browser needs on top of our own. */
  readonly env: Readonly<Record<string, string>>;
}

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const packageFolder = join(projectFolder, 'node_modules', '@sparticuz', 'chromium');

/** The browser to use, or null when there is none on this machine. */
export async function findBrowser(): Promise<FoundBrowser | null> {
  const { BROWSER_PATH: path, BROWSER_SOURCE: source } = process.env;
  if (path) return { source: 'path', executable: path, env: {} };
  const installed = source === 'package' ? undefined : installedBrowsers().find(isExecutable);
  if (installed) return { source: 'installed', executable: installed, env: {} };
  return source === 'installed' ? null : unpackBrowser();
}

/** Where Chrome and Chromium are usually installed, then every folder of PATH. */
function installedBrowsers(): string[] {
  const { env, platform } = process;
  if (platform === 'darwin') {
    return ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  }
  if (platform === 'win32') {
    const folders = [env['ProgramFiles'], env['ProgramFiles(x86)'], env['LOCALAPPDATA']];
    const products = [join('Google', 'Chrome'), 'Chromium'];
    return folders.flatMap((folder) =>
      folder ? products.map((product) => join(folder, product, 'Application', 'chrome.exe')) : [],
    );
  }
  const folders = [
    '/usr/bin',
    '/usr/local/bin',
    '/opt/google/chrome',
    ...(env['PATH'] ?? '').split(delimiter),
  ];
  const names = ['google-chrome', 'google-chrome-stable', 'chrome', 'chromium', 'chromium-browser'];
  return names.flatMap((name) => folders.filter(Boolean).map((folder) => join(folder, name)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The browser of the npm package @sparticuz/chromium with the libraries it comes with. Its own
 * flags are never used: they switch off web security, and then these tests would prove nothing.
 */
async function unpackBrowser(): Promise<FoundBrowser | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(packageFolder)) return null;
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const folder = join(projectFolder, 'node_modules', '.cache', 'latchkey-browser', String(version));
  if (!existsSync(folder)) await unpackTo(folder);
  const libraries = [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH']].filter(Boolean);
  // Its fonts only where the machine has none.
  const fonts = existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  return {
    source: 'package',
    executable: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: libraries.join(delimiter), ...fonts },
  };
}

/**
 * Has the package unpack itself in a process of its own: it unpacks to the folder for temporary
 * files, and unpacks its libraries where it takes itself to be on AWS Lambda. The folder gets its
 * name last, so that of several test files at once none sees half a browser.
 */
async function unpackTo(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}-`);
  const unpack = "await (await import('@sparticuz/chromium')).default.executablePath()";
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', unpack], {
    cwd: projectFolder,
    env: { ...process.env, TMPDIR: unfinished, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
    timeout: 120_000,
  });
  await writeFile(join(unfinished, 'fonts.conf'), fontsConfiguration);
  await rename(unfinished, folder).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
}

/** The one of the package names folders of AWS Lambda. */
const fontsConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`;

const isRoot = process.getuid?.() === 0;

/**
 * Starts the browser with these flags and no others, also none of Playwright's: nothing here may
 * change what the browser enforces. `--no-sandbox` concerns its processes, not its pages; root and
 * the unpacked browser cannot do without. `drawingFlags` concern how letters are drawn, for pictures.
 */
export async function launchBrowser(
  { source, executable, env }: FoundBrowser,
  drawingFlags: readonly string[] = [],
): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'latchkey-browser-'));
  const browser = await chromium.launch({
    executablePath: executable,
    env: { ...(process.env as Record<string, string>), ...env },
    ignoreDefaultArgs: true,
    args: [
      '--headless',
      ...(isRoot || source === 'package' ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      ...drawingFlags,
      // Playwright cannot wait for a page that comes from this cache.
      '--disable-back-forward-cache',
      `--user-data-dir=${profile}`,
      '--remote-debugging-pipe',
      '--no-startup-window',
    ],
  });
  const close = browser.close.bind(browser);
  return Object.assign(browser, {
    close: async () => {
      await close();
      await rm(profile, { recursive: true, maxRetries: 5 });
    },
  });
}

export interface ContextOptions {
  readonly scripts?: boolean;
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

export interface WatchedContext extends BrowserContext {
  /** Every error the console showed, also those of the content security policy. */
  readonly complaints: readonly string[];
}

/** A browser window of its own: no cookies, no history. */
export async function openContext(
  browser: Browser,
  { scripts = true, colorScheme = 'light', width = 1280 }: ContextOptions = {},
): Promise<WatchedContext> {
  const context = await browser.newContext({
    javaScriptEnabled: scripts,
    colorScheme,
    viewport: { width, height: 800 },
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(8000);
  const complaints: string[] = [];
  if (scripts) await context.addInitScript({ content: reportViolations });
  context.on('console', (message) => {
    const { url } = message.location();
    // An error page is sent with the status of its error, and the console says so.
    const isStatusOfPage = /^Failed to load resource: .* status of [45]/.test(message.text());
    if (message.type() !== 'error' || (isStatusOfPage && url === message.page()?.url())) return;
    complaints.push(`${message.text()} (${url})`);
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  return Object.assign(context, { complaints });
}

/** Runs in every page. */
const reportViolations = `document.addEventListener('securitypolicyviolation', (violation) => {
  console.error('securitypolicyviolation', violation.violatedDirective, violation.blockedURI);
})`;
