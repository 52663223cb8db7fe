import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { clientId, clientSecret, personOf, profileOf } from './provider.ts';

/*
 * PORT=… [DELAY_MS=…] node bench/stub.ts
 *
 * The one provider that all contestants log in with. It speaks the wire of account.resonite.com: plain
 * OAuth 2.0 with PKCE, the way every contestant can without bending a message. It demands of all the
 * same: state, PKCE with S256, the client secret, one token request for a code, one user call with the
 * token. It asks nobody for consent: the cookie `person` says who sits at the browser.
 *
 * GET /counts says how many of each it has answered and refused.
 */

const delayMilliseconds = Number(process.env['DELAY_MS'] ?? 0);

interface IssuedCode {
  readonly person: number;
  readonly challenge: string;
  readonly redirectUri: string;
}

const codes = new Map<string, IssuedCode>();
const counts = { authorize: 0, token: 0, user: 0, refused: 0 };

const newSecret = () => randomBytes(24).toString('base64url');

function authorize(url: URL, request: IncomingMessage, response: ServerResponse): void {
  const query = url.searchParams;
  const redirectUri = query.get('redirect_uri');
  const person = /\bperson=(\d+)/.exec(request.headers.cookie ?? '')?.[1];
  const isComplete =
    query.get('response_type') === 'code' &&
    query.get('client_id') === clientId &&
    query.get('code_challenge_method') === 'S256' &&
    query.get('scope')?.includes('profile');
  const [state, challenge] = [query.get('state'), query.get('code_challenge')];
  if (!isComplete || !state || !challenge || !redirectUri || !person) {
    refuse(response, 'invalid_request');
    return;
  }
  counts.authorize++;
  const code = newSecret();
  codes.set(code, { person: Number(person), challenge, redirectUri });
  const location = new URL(redirectUri);
  location.searchParams.set('code', code);
  location.searchParams.set('state', state);
  response.writeHead(302, { location: location.href, 'content-length': 0 }).end();
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** In the body or by HTTP Basic: RFC 6749 2.3.1 leaves it to the client. */
function isOurClient(form: URLSearchParams, request: IncomingMessage): boolean {
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  if (request.headers.authorization !== undefined) return request.headers.authorization === basic;
  return form.get('client_id') === clientId && form.get('client_secret') === clientSecret;
}

async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await readBody(request));
  const issued = codes.get(form.get('code') ?? '');
  codes.delete(form.get('code') ?? '');
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  if (!isOurClient(form, request)) return refuse(response, 'invalid_client');
  if (form.get('grant_type') !== 'authorization_code' || issued?.challenge !== challenge)
    return refuse(response, 'invalid_grant');
  if (issued.redirectUri !== form.get('redirect_uri')) return refuse(response, 'invalid_grant');
  counts.token++;
  if (delayMilliseconds > 0) await pause(delayMilliseconds);
  send(response, 200, {
    access_token: `${issued.person}.${newSecret()}`,
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'profile email offline_access',
    refresh_token: newSecret(),
  });
}

async function user(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const person = /^Bearer (\d+)\.[\w-]{32}$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!person) return refuse(response, 'invalid_token');
  counts.user++;
  if (delayMilliseconds > 0) await pause(delayMilliseconds);
  send(response, 200, profileOf(personOf(Number(person))));
}

function refuse(response: ServerResponse, error: string): void {
  counts.refused++;
  send(response, 400, { error });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const url = new URL(request.url ?? '/', 'http://stub');
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /connect/authorize':
      return authorize(url, request, response);
    case 'POST /connect/token':
      return void token(request, response);
    case 'GET /api/user/profile':
      return void user(request, response);
    case 'GET /counts':
      return send(response, 200, counts);
    default:
      return refuse(response, 'not_found');
  }
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
