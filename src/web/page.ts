import type { Request, Response } from 'express';
import { type Flash, readSignedIn, takeFlash } from '../sessions/session.ts';
import type { Context } from './context.ts';
import { readCookie } from './cookies.ts';
import { toHere } from './here.ts';
import type { Action, NavigationItem, Shell } from './view-models.ts';
import { toChoice } from './sentences.ts';

export const themes = ['system', 'light', 'dark'] as const;

export interface PageOptions {
  readonly view:
    | 'home'
    | 'hand-off'
    | 'profile'
    | 'confirm'
    | 'conflict'
    | 'sessions'
    | 'error'
    | 'help'
    | 'flows'
    | 'flow'
    | 'compare'
    | 'setup'
    | 'learn'
    | 'source';
  /** Without the product's name. */
  readonly title: string;
  /** The navigation item that this page is. */
  readonly current?: 'sign-in' | 'profile' | 'sessions' | 'inspector' | 'setup' | 'learn';
  readonly status?: number;
}

/** Renders a page, with the flash that was left for it. */
export async function renderPage(
  context: Context,
  request: Request,
  response: Response,
  options: PageOptions,
  page: object,
): Promise<void> {
  // A HEAD shows nobody anything.
  const flash = request.method === 'GET' ? await takeFlash(request) : null;
  sendPage(context, request, response, options, page, flash);
}

/** Renders a page without touching the session: for errors, which may come from the session store. */
export function sendPage(
  context: Context,
  request: Request,
  response: Response,
  { view, title, current, status = 200 }: PageOptions,
  page: object,
  flash: Flash | null = null,
): void {
  const isPublic = view === 'home';
  const shell = createShell(context, request, { title, current: current ?? null, flash, isPublic });
  response.status(status).render(`pages/${view}`, { shell, page });
}

function createShell(
  context: Context,
  request: Request,
  {
    title,
    current,
    flash,
    isPublic,
  }: { title: string; current: PageOptions['current'] | null; flash: Flash | null; isPublic: boolean },
): Shell {
  const { config, paths, services, sandboxNames, assets, inspector } = context;
  const theme =
    themes.find((name) => name === readCookie(request, 'latchkey-theme', config.secure)) ?? 'system';
  return {
    // A flash is there when the page loads, so no live region announces it: the title does.
    title: [flash?.title, title, 'Latchkey'].filter(Boolean).join(' – '),
    homeHref: paths.home,
    asset: assets.href,
    manifestHref: paths.manifest,
    preview: isPublic ? toPreview(config, services, assets) : null,
    navigation: navigation(paths, isSignedIn(request), inspector !== null, current, !config.production),
    flash,
    theme,
    themeHref: paths.theme,
    here: toHere(context, request),
    helpHref: paths.help,
    sandboxNames,
  };
}

function toPreview(
  { origin, baseUrl }: Context['config'],
  services: Context['services'],
  assets: Context['assets'],
) {
  const names = services.filter(({ client }) => client !== null).map(({ provider }) => provider.name);
  return {
    text: `Sign in with an account you already have${names.length > 0 ? `: ${toChoice(names)}` : ''}. You can link the others afterwards.`,
    url: baseUrl,
    picture: origin + assets.href('social.png'),
    pictureText: 'Keys on a rack, one for each service',
  };
}

/** False also when the session could not be loaded: an error page then shows nobody's links. */
function isSignedIn(request: Request): boolean {
  return request.session !== undefined && readSignedIn(request) !== null;
}

function navigation(
  paths: Context['paths'],
  signedIn: boolean,
  inspected: boolean,
  current: PageOptions['current'] | null,
  forDevelopers: boolean,
): NavigationItem[] {
  const inspector = [{ action: link('Inspector', paths.inspector), current: current === 'inspector' }];
  const developers = [
    { action: link('Setup', paths.setup), current: current === 'setup' },
    { action: link('Learn', paths.learn), current: current === 'learn' },
  ];
  const own = [
    { action: link('Profile', paths.profile), current: current === 'profile' },
    { action: link('Sessions', paths.sessions), current: current === 'sessions' },
  ];
  return [
    ...(signedIn ? own : [{ action: link('Sign in', paths.home), current: current === 'sign-in' }]),
    ...(inspected ? inspector : []),
    ...(forDevelopers ? developers : []),
    ...(signedIn ? [{ action: form('Sign out', paths.logout), current: false }] : []),
  ];
}

export function link(label: string, href: string, look: Action['look'] = 'plain'): Action {
  return { label, href, method: 'get', fields: {}, look };
}

export function form(
  label: string,
  href: string,
  fields: Record<string, string> = {},
  look: Action['look'] = 'plain',
): Action {
  return { label, href, method: 'post', fields, look };
}
