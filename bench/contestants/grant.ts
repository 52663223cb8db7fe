import express, { type RequestHandler } from 'express';
import session from 'express-session';
import grant, { type GrantOptions, type GrantResponse } from 'grant';
import { createRedisStore } from './redis-sessions.ts';
import { homePage, profilePage, readUser, setting, type User } from './setting.ts';

/**
 * grant, on express-session with connect-redis. It hands the profile to the callback's own route
 * (transport `state`), which renews the session, as grant itself does not.
 */

declare module 'express-session' {
  interface SessionData {
    user?: User;
    tokens?: unknown;
  }
}

// What its types call the default export is the whole module to Node.
const createGrant = grant as unknown as (options: GrantOptions) => RequestHandler;

const app = express();
app.get('/', (_request, response) => void response.send(homePage));
app.use(
  session({
    store: await createRedisStore(),
    secret: setting.sessionSecret,
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax' },
  }),
);
app.use(
  createGrant({
    handler: 'express',
    config: {
      defaults: { origin: setting.baseUrl, transport: 'state', state: true, pkce: true },
      provider: {
        oauth: 2,
        authorize_url: setting.provider.authorization,
        access_url: setting.provider.token,
        profile_url: setting.provider.userinfo,
        key: setting.clientId,
        secret: setting.clientSecret,
        scope: [...setting.scopes],
        response: ['tokens', 'profile'],
      },
    },
  }),
);

app.get('/connect/provider/callback', (request, response) => {
  const { response: result } = response.locals['grant'] as { response: GrantResponse };
  // After an error there may be a profile too: it was asked for without a token.
  if (result.error || !result.access_token) return response.status(502).send('Please start again.');
  const user = readUser(result.profile);
  const { access_token, refresh_token } = result;
  request.session.regenerate((error) => {
    if (error) return response.status(503).send('Please try again later.');
    Object.assign(request.session, { user, tokens: { access_token, refresh_token } });
    response.redirect('/profile');
  });
});

app.get('/profile', (request, response) => {
  if (!request.session.user) return response.redirect('/');
  response.send(profilePage(request.session.user));
});

app.listen(setting.port, '127.0.0.1');
