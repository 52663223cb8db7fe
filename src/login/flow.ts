import {
  type AccountStore,
  type Identity,
  IdentityRace,
  type ProvenIdentity,
} from '../accounts/account-store.ts';
import { readIdentity } from '../accounts/read-profile.ts';
import { type Intent, type Resolution, resolveAccount, type Situation } from '../accounts/resolve-account.ts';
import { LoginError, type LoginErrorFacts } from '../errors.ts';
import { recordCallback, recordLoginStart } from '../inspector/logins.ts';
import { recordCheck, recordGrantedScope } from '../inspector/recorder.ts';
import { buildAuthorizationRequest } from '../oauth/authorization-request.ts';
import { readAuthorizationResponse, readState } from '../oauth/authorization-response.ts';
import type { Client } from '../oauth/client.ts';
import { createCodeVerifier } from '../oauth/pkce.ts';
import { sendTokenRequest, type TokenResponse } from '../oauth/token-request.ts';
import type { Tokens } from '../oauth/token-response.ts';
import { sendUserinfoRequest } from '../oauth/userinfo-request.ts';
import { sendValidationRequest } from '../oauth/validation-request.ts';
import { type BrowserBinding, type LoginTransaction, newSecret, type Transactions } from './transaction.ts';

export interface FlowDependencies {
  readonly transactions: Transactions;
  readonly accounts: AccountStore;
  readonly now: () => number;
}

export interface LoginStart {
  readonly intent: Intent;
  readonly force: boolean;
  readonly accountId: string | null;
  readonly returnTo: string | null;
  /** What is asked for. */
  readonly scope: readonly string[];
  readonly binding: BrowserBinding;
}

/** Stores a login transaction and returns the authorization request to send the browser to. */
export async function startLogin(flow: FlowDependencies, client: Client, start: LoginStart): Promise<URL> {
  const { provider, mode } = client;
  const { binding, scope, ...started } = start;
  const secrets = {
    codeVerifier: client.pkce === null ? null : createCodeVerifier(),
    nonce: client.usesNonce ? newSecret() : null,
  };
  const transaction = {
    ...started,
    ...secrets,
    provider: provider.id,
    mode,
    issuer: provider.issuer,
    requestedScope: scope,
  };
  const state = await flow.transactions.create(transaction, binding);
  const authorizationRequest = buildAuthorizationRequest(client, {
    ...secrets,
    state,
    scope,
    force: start.force,
  });
  recordLoginStart(client, { ...start, ...secrets, browser: binding.value, state, authorizationRequest });
  return authorizationRequest;
}

export interface Callback {
  readonly query: URLSearchParams;
  readonly binding: string | null;
  /** The account signed in in this browser now. */
  readonly accountId: string | null;
  /** False when that session has been ended since: the provider may have taken its time. */
  readonly stillSignedIn: () => Promise<boolean>;
  /** Is handed what the provider had issued when the login fails after that: nobody else knows of it. */
  readonly giveBack: (tokens: Tokens) => void;
}

/** A finished login. `identity` is null while the person has yet to decide (`ask-…`). */
export interface FinishedLogin {
  readonly resolution: Exclude<Resolution, `refuse-${string}`>;
  readonly transaction: LoginTransaction;
  readonly proven: ProvenIdentity;
  readonly tokens: Tokens;
  readonly identity: Identity | null;
  /** The identity as it was before: what it granted then, the one to be replaced, or the other account's. */
  readonly before: Identity | null;
}

/**
 * Finishes a login: every step from the callback's query to the account, in order. Whatever throws
 * leaves account, identities and session as they were; the transaction is spent either way.
 */
export async function finishLogin(
  flow: FlowDependencies,
  client: Client,
  callback: Callback,
): Promise<FinishedLogin> {
  const { provider } = client;
  let transaction: LoginTransaction | null = null;
  let issued: Tokens | null = null;
  recordCallback(client, callback.query);
  try {
    const state = readState(callback.query);
    transaction = await flow.transactions.take(state, callback.binding);
    recordTaken(state);
    checkTransaction(client, transaction, callback.accountId);
    const response = readAuthorizationResponse(client, callback.query);
    const { codeVerifier, nonce } = transaction;
    const token = await sendTokenRequest(client, { ...response, state, codeVerifier, nonce }, flow.now());
    issued = token.tokens;
    const userinfo = await sendUserinfoRequest(client, token.tokens, flow.now());
    const proven = toProvenIdentity(client, transaction, token, userinfo);
    if (!client.expectsIdToken) await checkAudience(client, token.tokens, proven);
    await checkStillSignedIn(transaction, callback);
    const settled = await settle(flow, transaction, proven, callback.accountId);
    return { ...settled, transaction, proven, tokens: token.tokens };
  } catch (error) {
    if (issued !== null) callback.giveBack(issued);
    throw error instanceof LoginError ? error.with(toErrorFacts(provider.id, transaction)) : error;
  }
}

function toErrorFacts(provider: string, transaction: LoginTransaction | null): LoginErrorFacts {
  if (transaction === null) return { provider };
  const { intent, force, returnTo } = transaction;
  return { provider, intent, force, ...(returnTo ? { returnTo } : {}) };
}

/** For the trace: getting the transaction has proven four things at once. */
function recordTaken(state: string): void {
  recordCheck('state', true, { name: 'state', secret: state });
  recordCheck('binding', true, 'its cookie is there');
  recordCheck('in-time', true);
  recordCheck('first-time', true);
}

/** The login must come back to the provider it left for, and to the account that started it. */
function checkTransaction(
  { provider, mode }: Client,
  transaction: LoginTransaction,
  accountId: string | null,
): void {
  const here =
    transaction.provider === provider.id &&
    transaction.mode === mode &&
    transaction.issuer === provider.issuer;
  recordCheck('same-provider', here, here ? provider.name : 'another one');
  if (!here)
    throw new LoginError('authorization_response_invalid', {
      reason: 'the login was started with another provider',
    });
  const sameAccount = transaction.intent === 'sign-in' || transaction.accountId === accountId;
  recordCheck('same-account', sameAccount, sameAccount ? 'it fits' : 'another one, or none');
  if (!sameAccount) {
    throw new LoginError('session_changed', { reason: 'another account, or none, is signed in now' });
  }
}

/** Linking ends with the session that began it, also when that happens during the login's last step. */
async function checkStillSignedIn({ intent }: LoginTransaction, callback: Callback): Promise<void> {
  const alive = intent === 'sign-in' || (await callback.stillSignedIn());
  recordCheck('still-signed-in', intent === 'sign-in' ? 'skipped' : alive);
  if (!alive) {
    throw new LoginError('session_changed', { reason: 'signed out while the provider was asked' });
  }
}

function toProvenIdentity(
  client: Client,
  { requestedScope }: LoginTransaction,
  response: TokenResponse,
  userinfo: unknown,
): ProvenIdentity {
  const { provider, mode } = client;
  const facts = readIdentity(client, userinfo);
  // The access token's owner and the ID token's subject must be one person (OpenID Connect Core 5.3.2).
  const { idTokenSubject } = response;
  const samePerson = idTokenSubject === facts.subject;
  if (idTokenSubject === null) recordCheck('subject', 'skipped', 'no ID token says it');
  else recordCheck('subject', samePerson, facts.subject);
  if (idTokenSubject !== null && !samePerson) {
    throw new LoginError('userinfo_response_invalid', {
      reason: 'the userinfo is not about the subject of the ID token',
    });
  }
  const grantedScope = response.tokens.grantedScope ?? requestedScope;
  recordScope(requestedScope, grantedScope);
  return { provider: provider.id, mode, facts, userinfo, grantedScope };
}

function recordScope(requested: readonly string[], granted: readonly string[]): void {
  const missing = requested.filter((name) => !granted.includes(name));
  recordGrantedScope(granted);
  recordCheck(
    'scope',
    missing.length === 0,
    missing.length === 0 ? 'nothing is missing' : `without ${missing.join(' ')}`,
  );
}

/**
 * Without an ID token nothing has said for whom the access token was made. Where the provider can be
 * asked, a token of another client or person is refused (RFC 9700 4.9.1).
 */
async function checkAudience(client: Client, tokens: Tokens, { facts }: ProvenIdentity): Promise<void> {
  const validation = await sendValidationRequest(client, tokens, facts.subject);
  if (validation === 'good') return;
  throw new LoginError('userinfo_response_invalid', { reason: `the access token is ${validation}` });
}

type Settled = Pick<FinishedLogin, 'resolution' | 'identity' | 'before'>;

/** Resolves the account and writes it. When another request was faster, the new situation counts. */
async function settle(
  flow: FlowDependencies,
  transaction: LoginTransaction,
  proven: ProvenIdentity,
  accountId: string | null,
): Promise<Settled> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      return await settleOnce(flow, transaction, proven, accountId);
    } catch (error) {
      if (!(error instanceof IdentityRace)) throw error;
    }
  }
  throw new LoginError('session_changed', { reason: 'the identity kept changing hands' });
}

async function settleOnce(
  { accounts }: FlowDependencies,
  { intent }: LoginTransaction,
  proven: ProvenIdentity,
  accountId: string | null,
): Promise<Settled> {
  const { provider, mode, facts } = proven;
  const owner = await accounts.findIdentity(provider, mode, facts.subject);
  const linked = accountId === null ? null : await accounts.getIdentity(accountId, provider, mode);
  const resolution = resolveAccount(toSituation(intent, owner, linked, accountId));
  recordCheck('account', !resolution.startsWith('refuse-'), resolution);
  switch (resolution) {
    case 'create-account':
      return { resolution, identity: await accounts.createAccount(proven), before: null };
    case 'link':
      return { resolution, identity: await accounts.linkIdentity(accountId!, proven), before: null };
    case 'sign-in':
    case 'renew':
    case 'reauthenticate':
      return {
        resolution,
        identity: await accounts.renewIdentity(owner!.account_id, owner!.id, proven),
        before: owner,
      };
    case 'ask-to-replace':
      return { resolution, identity: null, before: linked };
    case 'ask-about-conflict':
      return { resolution, identity: null, before: owner };
    case 'refuse-identity-changed':
      throw new LoginError('identity_changed', {
        reason: 'it does not belong to this account',
        displayName: facts.displayName,
      });
  }
}

function toSituation(
  intent: Intent,
  owner: Identity | null,
  linked: Identity | null,
  accountId: string | null,
): Situation {
  const belongsTo =
    owner === null ? 'nobody' : owner.account_id === accountId ? 'this-account' : 'another-account';
  const linkedHere =
    linked === null ? 'nothing' : linked.id === owner?.id ? 'this-identity' : 'another-identity';
  return { intent, belongsTo, linkedHere };
}
