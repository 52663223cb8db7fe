import { createHash } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { sendPage } from '../pages.ts';
import { explainResponse } from '../parameter-meanings.ts';
import { queryOf } from '../parameters.ts';
import { notFound } from './control-error.ts';
import type { PlayedApi } from '../addresses.ts';
import { ownOrigin } from './loopback.ts';
import type { ControlParts } from './parts.ts';
import { findPlayedApi, triedApis } from './try-it-apis.ts';
import { tryItClients } from './try-it-clients.ts';
import type { TryItLogin } from './try-it-login.ts';
import { apiOf, redirectUriOf, writeReport } from './try-it-report.ts';

/** Cookies do not keep apart the ports of a host, hence a name of its own. */
const cookieName = 'sandbox-try';

function browserOf(req: Request): string | null {
  return (
    new RegExp(`(?:^|;\\s*)${cookieName}=([0-9a-f]{32})(?:;|$)`).exec(req.headers.cookie ?? '')?.[1] ?? null
  );
}

function knowBrowser(parts: ControlParts, req: Request, res: Response): string {
  const browser = browserOf(req) ?? parts.random.hex(16);
  const secure = parts.baseUrl.startsWith('https:') ? '; Secure' : '';
  const path = `${parts.basePath}/try`;
  res.append('Set-Cookie', `${cookieName}=${browser}; Path=${path}; HttpOnly; SameSite=Lax${secure}`);
  return browser;
}

function startLogin(parts: ControlParts, api: PlayedApi, browser: string): TryItLogin {
  const isSent = triedApis[api.key].token.sends.includes('code_verifier');
  const codeVerifier = isSent ? parts.random.bytes(32).toString('base64url') : null;
  const login = { state: parts.random.hex(16), api: api.key, browser, codeVerifier, report: null };
  parts.logins.set(login.state, login);
  return login;
}

function authorizationUrl(parts: ControlParts, api: PlayedApi, login: TryItLogin, force: boolean): string {
  const { scope, authorization } = triedApis[api.key];
  const values: Readonly<Record<string, string>> = {
    response_type: 'code',
    client_id: tryItClients[api.service].clientId,
    redirect_uri: redirectUriOf(parts, api),
    scope,
    state: login.state,
    code_challenge: createHash('sha256')
      .update(login.codeVerifier ?? '')
      .digest('base64url'),
    code_challenge_method: 'S256',
  };
  const sent = authorization.sends.map((name): [string, string] => [name, values[name]!]);
  const query = new URLSearchParams([...sent, ...Object.entries((force && authorization.force) || {})]);
  return `${parts.baseUrl}/${authorization.to}?${query}`;
}

/** Why this callback belongs to no login of this browser, or null when it does. */
function whyForeign(parts: ControlParts, req: Request, state: string | null): string | null {
  if (state === null) return 'The callback has no state, so it could belong to anybody’s login.';
  const login = parts.logins.get(state);
  if (!login) return 'No login was started with this state, or the sandbox was started again or reset since.';
  if (login.browser === browserOf(req)) return null;
  return `Another browser started this login, or this one under another address than ${parts.baseUrl}.`;
}

function sendReport(
  parts: ControlParts,
  res: Response,
  api: PlayedApi,
  locals: Readonly<Record<string, unknown>>,
): void {
  sendPage(parts, res, 'try-it', api.service, {
    apiName: api.name,
    again: `${parts.baseUrl}/try/${api.key}`,
    canForce: triedApis[api.key].authorization.force !== null,
    ...locals,
  });
}

async function answerCallback(
  parts: ControlParts,
  req: Request,
  res: Response,
  api: PlayedApi,
): Promise<void> {
  const callback = new URL(req.originalUrl, parts.baseUrl);
  const state = queryOf(req).get('state');
  const foreign = whyForeign(parts, req, state);
  if (foreign !== null) {
    res.status(400);
    sendReport(parts, res, api, {
      heading: 'This login did not start in this browser',
      succeeded: false,
      steps: [
        {
          title: 'Your browser came back',
          words: 'The application compares state before anything else, and stops when it does not fit.',
          parameters: explainResponse(callback),
          problems: [foreign],
        },
      ],
    });
    return;
  }
  const login = parts.logins.get(state!)!;
  const base = ownOrigin(req) + parts.basePath;
  login.report ??= writeReport({ parts, api: apiOf(login), login, callback, base });
  sendReport(parts, res, api, { ...(await login.report) });
}

function findApi(req: Request): PlayedApi {
  const api = findPlayedApi(req.params['api']);
  if (!api) throw notFound('There is no such service to try.');
  return api;
}

/** The sandbox's own little application, for seeing a login without having one. */
export function tryItRouter(parts: ControlParts): Router {
  const router = Router();

  router.get('/:api', (req, res) => {
    const api = findApi(req);
    const login = startLogin(parts, api, knowBrowser(parts, req, res));
    res.redirect(302, authorizationUrl(parts, api, login, req.query['force'] !== undefined));
  });

  router.get('/:api/callback', (req, res) => answerCallback(parts, req, res, findApi(req)));

  return router;
}
