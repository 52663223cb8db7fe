import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { Pool } from 'undici';
import { homePage, profilePage, readUser, setting, type User } from './setting.ts';

/**
 * The reference: the least that a login can be in Express, by hand. State, PKCE, a new session at
 * sign-in, sealed tokens; sessions in a Map. Nobody should run this: it shows where the floor is.
 */

interface Session {
  readonly user: User;
  readonly sealedTokens: Buffer;
}

const minutes = 60 * 1000;
const logins = new Map<string, { verifier: string; expiresAt: number }>();
const sessions = new Map<string, Session>();
const key = createHash('sha256').update(setting.sessionSecret).digest();
const redirectUri = `${setting.baseUrl}/callback`;
const { origin, pathname: tokenPath } = new URL(setting.provider.token);
const { pathname: userPath } = new URL(setting.provider.userinfo);
const pool = new Pool(origin, { connections: 16 });

const hash = (text: string) => createHash('sha256').update(text).digest('base64url');
const newSecret = () => randomBytes(32).toString('base64url');

function seal(text: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function readCookie(request: Request, name: string): string {
  const pairs = (request.headers.cookie ?? '').split('; ');
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

const setCookie = (response: Response, name: string, value: string) =>
  void response.append('Set-Cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`);

async function requestTokens(code: string, verifier: string): Promise<{ access_token: string }> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: setting.clientId,
    client_secret: setting.clientSecret,
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await pool.request({ method: 'POST', path: tokenPath, headers, body });
  if (answer.statusCode !== 200) throw new Error(`the token endpoint answered ${answer.statusCode}`);
  return (await answer.body.json()) as { access_token: string };
}

async function requestUser(accessToken: string): Promise<User> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = await pool.request({ method: 'GET', path: userPath, headers });
  if (answer.statusCode !== 200) throw new Error(`the user endpoint answered ${answer.statusCode}`);
  return readUser(await answer.body.json());
}

const app = express();
app.get('/', (_request, response) => void response.send(homePage));

app.get('/login', (_request, response) => {
  const [state, verifier] = [newSecret(), newSecret()];
  logins.set(hash(state), { verifier, expiresAt: Date.now() + 10 * minutes });
  setCookie(response, 'state', state);
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: setting.clientId,
    redirect_uri: redirectUri,
    scope: setting.scopes.join(' '),
    state,
    code_challenge: hash(verifier),
    code_challenge_method: 'S256',
  });
  response.redirect(`${setting.provider.authorization}?${query}`);
});

app.get('/callback', async (request, response) => {
  const { state, code } = request.query;
  const started = logins.get(hash(String(state)));
  logins.delete(hash(String(state)));
  if (!started || started.expiresAt < Date.now() || readCookie(request, 'state') !== state)
    return response.status(400).send('Please start again.');
  const tokens = await requestTokens(String(code), started.verifier);
  const user = await requestUser(tokens.access_token);
  const id = newSecret();
  sessions.set(hash(id), { user, sealedTokens: seal(JSON.stringify(tokens)) });
  setCookie(response, 'session', id);
  response.redirect('/profile');
});

app.get('/profile', (request, response) => {
  const session = sessions.get(hash(readCookie(request, 'session')));
  if (!session) return response.redirect('/');
  response.send(profilePage(session.user));
});

app.listen(setting.port, '127.0.0.1');
