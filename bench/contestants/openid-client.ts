import express from 'express';
import session from 'express-session';
import * as oauth from 'openid-client';
import { createRedisStore } from './redis-sessions.ts';
import { homePage, profilePage, readUser, setting, type User } from './setting.ts';

/** openid-client by hand in Express, on express-session with connect-redis. */

declare module 'express-session' {
  interface SessionData {
    login?: { state: string; verifier: string };
    user?: User;
    tokens?: unknown;
  }
}

const { provider, clientId, clientSecret, baseUrl, scopes } = setting;
const configuration = new oauth.Configuration(
  {
    issuer: provider.issuer,
    authorization_endpoint: provider.authorization,
    token_endpoint: provider.token,
  },
  clientId,
  undefined,
  oauth.ClientSecretPost(clientSecret),
);
// The stub is on this machine and speaks http.
oauth.allowInsecureRequests(configuration);

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

app.get('/login', async (request, response) => {
  const [state, verifier] = [oauth.randomState(), oauth.randomPKCECodeVerifier()];
  request.session.login = { state, verifier };
  const url = oauth.buildAuthorizationUrl(configuration, {
    redirect_uri: `${baseUrl}/callback`,
    scope: scopes.join(' '),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  response.redirect(url.href);
});

app.get('/callback', async (request, response) => {
  const { login } = request.session;
  if (!login) return response.status(400).send('Please start again.');
  const tokens = await oauth.authorizationCodeGrant(configuration, new URL(request.originalUrl, baseUrl), {
    pkceCodeVerifier: login.verifier,
    expectedState: login.state,
  });
  const answer = await oauth.fetchProtectedResource(
    configuration,
    tokens.access_token,
    new URL(provider.userinfo),
    'GET',
  );
  const user = readUser(await answer.json());
  const { access_token, refresh_token } = tokens;
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
