import fastifyCookie from '@fastify/cookie';
import fastifyOauth2, { type OAuth2Namespace } from '@fastify/oauth2';
import fastifySession, { type SessionStore } from '@fastify/session';
import fastify from 'fastify';
import { request as send } from 'undici';
import { createRedisStore } from './redis-sessions.ts';
import { homePage, profilePage, readUser, setting, type User } from './setting.ts';

/** @fastify/oauth2 in Fastify instead of Express, on @fastify/session with connect-redis. */

declare module 'fastify' {
  interface FastifyInstance {
    provider: OAuth2Namespace;
  }
  interface Session {
    user?: User;
    tokens?: unknown;
  }
}

const { origin: tokenHost, pathname: tokenPath } = new URL(setting.provider.token);
const { pathname: authorizePath } = new URL(setting.provider.authorization);

const app = fastify();
await app.register(fastifyCookie);
await app.register(fastifySession, {
  // Typed for express-session, whose sessions have Latchkey's fields wherever its sources are read as well.
  store: (await createRedisStore()) as unknown as SessionStore,
  secret: setting.sessionSecret,
  saveUninitialized: false,
  // As with express-session: what did not change is not written again.
  rolling: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: false },
});
await app.register(fastifyOauth2, {
  name: 'provider',
  scope: [...setting.scopes],
  credentials: {
    client: { id: setting.clientId, secret: setting.clientSecret },
    auth: { tokenHost, tokenPath, authorizePath },
    options: { authorizationMethod: 'body' },
  },
  startRedirectPath: '/login',
  callbackUri: `${setting.baseUrl}/callback`,
  pkce: 'S256',
});

app.get('/', (_request, reply) => reply.type('text/html').send(homePage));

app.get('/callback', async (request, reply) => {
  const { token } = await app.provider.getAccessTokenFromAuthorizationCodeFlow(request, reply);
  const { access_token, refresh_token } = token;
  const headers = { authorization: `Bearer ${access_token}` };
  const answer = await send(setting.provider.userinfo, { headers });
  if (answer.statusCode !== 200) throw new Error(`the user endpoint answered ${answer.statusCode}`);
  const user = readUser(await answer.body.json());
  await request.session.regenerate();
  Object.assign(request.session, { user, tokens: { access_token, refresh_token } });
  return reply.redirect('/profile');
});

app.get('/profile', async (request, reply) => {
  const { user } = request.session;
  if (!user) return reply.redirect('/');
  return reply.type('text/html').send(profilePage(user));
});

await app.listen({ port: setting.port, host: '127.0.0.1' });
