import type { IRouter } from 'express';
import { LoginError, RequestError } from '../errors.ts';
import { recordCallback } from '../inspector/logins.ts';
import { routes } from '../paths.ts';
import { closingSentence, scopeWords } from '../providers/index.ts';
import { readSignedIn } from '../sessions/session.ts';
import type { Context, ServiceInUse } from './context.ts';
import { bindingCookie, readCookie, setCookie } from './cookies.ts';
import { stepsAloneWords } from './flash-words.ts';
import { toHelpPage } from './help-page.ts';
import { toHere } from './here.ts';
import { form, renderPage, themes } from './page.ts';
import { readQuery } from './query.ts';
import { readReturnPath } from './return-path.ts';
import { toList, toSentence } from './sentences.ts';
import { failingSince, sandboxHref, serviceLabel } from './services.ts';
import { toStepModeChoice } from './step-mode.ts';
import { toLimitWords } from './time-words.ts';
import type { HomePage } from './view-models.ts';

const themeMilliseconds = 365 * 24 * 60 * 60 * 1000;

/** The front page, help, and the choice of light or dark. */
export function addHomeRoutes(router: IRouter, context: Context): void {
  const { config, paths, transactions } = context;

  router.get(routes.home, async (request, response) => {
    if (request.method === 'GET' && request.query['error'] === 'redirect_mismatch')
      throw await toRedirectMismatch(request.query['state']);
    const returnTo = readReturnPath(request.query['return_to']);
    if (readSignedIn(request)) return response.redirect(303, returnTo ?? paths.profile);
    // Another site's link does not make us say what did not happen.
    const cameFromHere = !['cross-site', 'same-site'].includes(request.headers['sec-fetch-site'] ?? '');
    const page = toHomePage(context, {
      returnTo,
      lastUsed: readCookie(request, 'latchkey-last', config.secure),
      message: homeMessage(context, {
        returnTo,
        stepsAlone: cameFromHere && request.query['steps_alone'] !== undefined,
        signedOut: cameFromHere && request.query['signed_out'] !== undefined,
        deleted: cameFromHere && request.query['account_deleted'] !== undefined,
        unconfirmed: [request.query['unconfirmed'] ?? []].flat().map(String),
        hadSession: hasSessionCookie(request.headers.cookie),
      }),
      stepMode: toStepModeChoice(context, request, toHere(context, request)),
    });
    await renderPage(
      context,
      request,
      response,
      { view: 'home', title: 'Sign in', current: 'sign-in' },
      page,
    );

    /** Twitch reports an unknown redirect URI to the first registered one, often the site's root. */
    async function toRedirectMismatch(state: unknown): Promise<LoginError> {
      recordCallback(null, readQuery(request));
      const binding = readCookie(request, bindingCookie, config.secure);
      const mismatch = new LoginError('redirect_mismatch', { reason: 'reported to the root of the site' });
      if (typeof state !== 'string') return mismatch;
      const transaction = await transactions.take(state, binding).catch((error: unknown) => {
        if (error instanceof LoginError) return null;
        throw error;
      });
      return transaction ? mismatch.with({ provider: transaction.provider }) : mismatch;
    }
  });

  router.get(routes.help, async (request, response) => {
    await renderPage(context, request, response, { view: 'help', title: 'Help' }, toHelpPage(context));
  });

  router.post(routes.theme, (request, response) => {
    const theme = themes.find((name) => name === request.body?.theme);
    if (!theme) throw new RequestError('malformed_request');
    setCookie(response, 'latchkey-theme', theme, {
      secure: config.secure,
      maxAgeMilliseconds: themeMilliseconds,
    });
    response.redirect(303, readReturnPath(request.body?.return_to) ?? paths.home);
  });
}

function hasSessionCookie(cookies: string | undefined): boolean {
  return /(?:^|;\s*)(?:__Host-)?latchkey=/.test(cookies ?? '');
}

function homeMessage(
  { config, services, paths }: Context,
  at: {
    returnTo: string | null;
    /** Step mode was switched, and the sandbox does not know of it. */
    stepsAlone: boolean;
    signedOut: boolean;
    deleted: boolean;
    /** Providers that did not confirm that our access is cancelled. */
    unconfirmed: readonly string[];
    hadSession: boolean;
  },
): string | null {
  if (at.stepsAlone) return stepsAloneWords;
  if (at.signedOut) return 'You are signed out.';
  if (at.deleted) {
    const deleted = 'Your account here is deleted, and you are signed out everywhere.';
    const open = services.filter(({ provider }) => at.unconfirmed.includes(provider.id));
    const look = open.map(({ provider }) => provider.revocation.checkAt ?? provider.name);
    if (open.length === 0) return deleted;
    return `${deleted} ${toList(open.map(({ provider }) => provider.name))} did not confirm that our access is cancelled. Check ${toList(look)}.`;
  }
  if (at.hadSession) {
    const { withoutUse, atMost } = toLimitWords(config.sessionLimits);
    return `You were signed out. That happens after ${withoutUse} without use, ${atMost} after signing in, and when you sign out this device from another one.`;
  }
  if (at.returnTo === null) return null;
  const page = new Map([
    [paths.profile, 'to see your profile'],
    [paths.sessions, 'to see where you are signed in'],
    [paths.deleteAccount, 'to delete your account'],
  ]).get(at.returnTo);
  return `Sign in ${page ?? 'to go on to the page you wanted'}.`;
}

function toHomePage(
  context: Context,
  {
    returnTo,
    lastUsed,
    message,
    stepMode,
  }: { returnTo: string | null; lastUsed: string | null } & Pick<HomePage, 'message' | 'stepMode'>,
): HomePage {
  const { services, paths, config } = context;
  const usable = services
    .filter(({ client }) => client !== null)
    .toSorted((a, b) => rank(a, lastUsed) - rank(b, lastUsed));
  const fields = { intent: 'sign-in', ...(returnTo ? { return_to: returnTo } : {}) };
  return {
    message,
    buttons: usable.map((service) => ({
      provider: { id: service.provider.id, name: service.provider.name },
      lastUsed: service.provider.id === lastUsed,
      warning: toWarning(context, service),
      action: form(`Continue with ${serviceLabel(service)}`, paths.login(service.provider.id), fields),
    })),
    notes: services.map((service) => toNote(context, service)).filter((note) => note !== null),
    permissions: usable.map(toPermissions),
    inspectorHref: context.inspector ? paths.inspector : null,
    sandboxHref: sandboxHref(context),
    stepMode,
    setupHref: config.production ? null : paths.setup,
    learnHref: config.production ? null : paths.learn,
  };
}

function toWarning(context: Context, service: ServiceInUse): string | null {
  const since = failingSince(context, service);
  if (since === null) return null;
  return `${service.provider.name} has been failing since ${since}. You can try, or use another linked account.`;
}

/** The last used first, then live services, then those that the sandbox plays, closed ones last. */
function rank({ provider, client }: ServiceInUse, lastUsed: string | null): number {
  if (provider.id === lastUsed) return 0;
  if (provider.status !== 'live') return 3;
  return client?.mode === 'live' ? 1 : 2;
}

function toNote(
  { config, paths }: Context,
  { provider, client, off }: ServiceInUse,
): HomePage['notes'][number] | null {
  const closed = closingSentence(provider);
  if (closed) {
    const text = client?.mode === 'sandbox' ? `${closed} This runs against the built-in sandbox.` : closed;
    return { name: provider.name, text, setupHref: null };
  }
  if (off !== 'not-configured') return null;
  const setupHref = config.production ? null : `${paths.setup}#${provider.id}`;
  return { name: provider.name, text: `${provider.name} is not set up on this server.`, setupHref };
}

function toPermissions(service: ServiceInUse): HomePage['permissions'][number] {
  const { provider, client } = service;
  const { basics } = provider.words;
  const always = basics === null ? [] : [{ words: toSentence(basics), scope: null, optional: false }];
  const asked = (client?.scope ?? []).map((scope) => ({
    words: toSentence(scopeWords(provider, scope)),
    scope,
    optional: provider.scopes[scope]?.optional === true,
  }));
  return { name: serviceLabel(service), lines: [...always, ...asked] };
}
