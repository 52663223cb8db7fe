import { approvalOf } from './auto-approve.ts';
import type { AuthorizationPage } from './callback.ts';
import { approve, respondTo } from './callback.ts';
import { check, type Exchange } from './endpoint.ts';
import { isStepping, sendBack, showArrival } from './front-channel.ts';
import { addressOf, showPersonPage } from './interaction.ts';
import { type Parameters, queryOf, queryParameters, splitScope } from './parameters.ts';
import { signedInPerson } from './person-cookie.ts';
import { redirectError } from './protocol-error.ts';
import { toReceived } from './received-parameters.ts';
import { type ClaimsRequest, noClaims, type PendingAuthorization } from './records.ts';
import type { Registration } from './registrations.ts';

/** An authorization request; the checks fill in what they found. */
export interface AuthorizationExchange extends Exchange {
  page: AuthorizationPage;
  parameters: Parameters;
  registration: Registration;
  redirectUri: string;
  /** The words of `response_type` in alphabetical order, as their own means nothing (RFC 6749 3.1.1). */
  responseType: string;
  scopes: string[];
  claims: ClaimsRequest;
  force: boolean;
}

/** `registration` is set by each provider's check of the client, which comes before every use. */
export function startAuthorization(exchange: Exchange, page: AuthorizationPage): AuthorizationExchange {
  const parameters = queryParameters(exchange.req);
  const registration = undefined as unknown as Registration;
  const scopes = splitScope(parameters.get('scope'));
  const redirectUri = parameters.get('redirect_uri') ?? '';
  const responseType = splitScope(parameters.get('response_type')).sort().join(' ');
  const read = { page, parameters, registration, redirectUri, responseType, scopes };
  return { ...exchange, ...read, claims: noClaims, force: false };
}

/** The state as sent; an empty one is sent back empty only by Mixin, which does not come here. */
export function stateOf({ parameters }: AuthorizationExchange): string | null {
  return parameters.get('state') ?? null;
}

/** A refusal that the application learns of by a redirect (RFC 6749 4.1.2.1). */
export function refuse(exchange: AuthorizationExchange, error: string, description: string): Error {
  const sender = { redirectUri: exchange.redirectUri, state: stateOf(exchange) };
  const parameters = { error, error_description: description };
  return redirectError(respondTo(exchange, exchange.page, sender, parameters), `${error}: ${description}`);
}

/** Comes after the check of the redirect URI, so that the error has somewhere to go. */
export const workingAuthorization = check<AuthorizationExchange>(
  'the service is in working order',
  'RFC 6749 4.1.2.1, server_error',
  (exchange) => {
    if (!exchange.parts.faults.has('authorize_server_error')) return;
    throw refuse(exchange, 'server_error', 'The server could not answer');
  },
);

function keepPending(exchange: AuthorizationExchange): PendingAuthorization {
  const { parts, page, parameters } = exchange;
  const pending: PendingAuthorization = {
    id: parts.random.uuid(),
    service: page.service,
    api: page.api,
    clientId: exchange.registration.clientId,
    redirectUri: exchange.redirectUri,
    responseType: exchange.responseType,
    scopes: exchange.scopes,
    state: stateOf(exchange),
    nonce: parameters.get('nonce') ?? null,
    claims: exchange.claims,
    codeChallenge: parameters.get('code_challenge') ?? null,
    force: exchange.force,
    parameters: toReceived(queryOf(exchange.req), page.describe),
    createdAt: parts.now(),
    personId: null,
    answeredWith: null,
  };
  parts.state.pending.set(pending.id, pending);
  return pending;
}

/**
 * Goes on with an authorization request that is in order: at once for a script and for a person who is
 * signed in and granted the same scopes before, and with the sign-in page otherwise or when forced.
 */
export function proceed(exchange: Exchange, page: AuthorizationPage, pending: PendingAuthorization): void {
  const { parts, req } = exchange;
  const approval = approvalOf(exchange, pending.scopes);
  if (approval) {
    sendBack(exchange, 302, approve(exchange, page, pending, approval));
    return;
  }
  const person = signedInPerson(parts, req, page.service);
  const owner = { ...pending, personId: person?.id ?? '' };
  if (person && !pending.force && parts.state.isRemembered(owner, pending.scopes)) {
    sendBack(exchange, 302, approve(exchange, page, pending, { person, scopes: pending.scopes }));
    return;
  }
  showPersonPage(exchange, page, pending);
}

export function answerAuthorization(exchange: AuthorizationExchange): void {
  const { page } = exchange;
  const pending = keepPending(exchange);
  if (!isStepping(exchange)) proceed(exchange, page, pending);
  else showArrival(exchange, pending.parameters, `${addressOf(exchange.parts, page, pending)}/go`);
}
