import type { Request } from 'express';
import { type LoginError, RequestError } from '../errors.ts';
import type { Button, Situation, Words } from './error-words.ts';
import type { Context } from './context.ts';
import { cookieSection } from './help-page.ts';
import { isCallback } from './here.ts';
import { form, link } from './page.ts';
import { homeWithReturn, readReturnPath } from './return-path.ts';
import { toNameInSentence } from './sentences.ts';
import { nameOfProvider } from './services.ts';
import type { Action } from './view-models.ts';

/** The buttons of an error page, the one that goes on first. */
export function toErrorActions(
  situation: Situation,
  entry: Words,
  error: LoginError | RequestError,
  request: Request,
): Action[] {
  const actions = entry.buttons
    .flatMap((button) =>
      button === 'confirm' ? toConfirmActions(situation) : toAction(button, situation, entry, error, request),
    )
    .filter((action) => action !== null);
  return actions.map((action, index) => (index === 0 ? { ...action, look: 'main' } : action));
}

/** A fresh sign-in with an identity of this account, and back to what it was wanted for. */
function toConfirmActions({ context, facts }: Situation): Action[] {
  return (facts.ways ?? []).map(({ provider: id, displayName }) => {
    const fields = {
      intent: 'reauthenticate',
      force: 'true',
      ...(facts.returnTo ? { return_to: facts.returnTo } : {}),
    };
    const label = `Sign in with ${nameOfProvider(context, id)} as ${toNameInSentence(displayName)}`;
    return form(label, context.paths.login(id), fields);
  });
}

function toAction(
  button: Exclude<Button, 'confirm'>,
  situation: Situation,
  entry: Words,
  error: LoginError | RequestError,
  request: Request,
): Action | null {
  const { context, signedIn } = situation;
  const { paths, config } = context;
  const wanted = error instanceof RequestError ? (error.returnTo ?? undefined) : undefined;
  switch (button) {
    case 'again':
      return startAgain(situation, entry);
    case 'choose':
      return signedIn
        ? link('Go to your accounts', paths.profile)
        : link('Choose another service', homeWithReturn(context, situation.facts.returnTo));
    case 'profile':
      return signedIn ? link('Go to your accounts', paths.profile) : null;
    case 'sign-in':
      return link('Sign in', homeWithReturn(context, wanted));
    case 'home':
      return link('Go to the front page', paths.home);
    case 'flows':
      return link('See which flows are kept', paths.inspector);
    case 'cookies':
      return link('How to allow cookies', `${paths.help}#${cookieSection}`);
    case 'reload':
      return link('Try again', toSameAgain(context, request, wanted));
    case 'base-url':
      return link(`Open ${config.baseUrl}`, config.baseUrl);
  }
}

/**
 * Where the same is asked for once more. The address of a callback carries a code, which belongs on no
 * page: an empty reference leads to it as well (RFC 3986 5.2), as long as the page is open.
 */
function toSameAgain(context: Context, request: Request, wanted: string | undefined): string {
  if (request.method !== 'GET') return homeWithReturn(context, wanted);
  if (isCallback(request)) return '';
  return context.config.basePath + (readReturnPath(request.url) ?? '/');
}

/** Starts the same login once more, with the destination it had. */
function startAgain({ context, service, facts, signedIn }: Situation, { again }: Words): Action | null {
  if (!service?.client) return null;
  const { provider } = service;
  const intent = signedIn ? (facts.intent ?? 'link') : 'sign-in';
  const fields = {
    intent,
    ...(facts.force ? { force: 'true' } : {}),
    ...(facts.returnTo ? { return_to: facts.returnTo } : {}),
    ...again?.fields,
  };
  return form(again?.label ?? `Start again with ${provider.name}`, context.paths.login(provider.id), fields);
}
