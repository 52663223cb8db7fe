import express from 'express';
import session, { MemoryStore } from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-oauth2';
import { createRedisStore } from './redis-sessions.ts';
import { homePage, profilePage, readUser, setting, type User } from './setting.ts';

/** passport-oauth2 as its guide has it, on express-session with MemoryStore or with connect-redis. */

interface SignedIn extends User {
  readonly accessToken: string;
  readonly refreshToken: string;
}

class ProviderStrategy extends Strategy {
  override userProfile(accessToken: string, done: (error?: unknown, profile?: unknown) => void): void {
    this._oauth2.useAuthorizationHeaderforGET(true);
    this._oauth2.get(setting.provider.userinfo, accessToken, (error, body) => {
      if (error) return done(new Error('the user call failed'));
      try {
        done(null, readUser(JSON.parse(String(body))));
      } catch (unreadable) {
        done(unreadable);
      }
    });
  }
}

passport.use(
  'provider',
  new ProviderStrategy(
    {
      authorizationURL: setting.provider.authorization,
      tokenURL: setting.provider.token,
      clientID: setting.clientId,
      clientSecret: setting.clientSecret,
      callbackURL: `${setting.baseUrl}/callback`,
      scope: [...setting.scopes],
      state: true,
      pkce: true,
    },
    (accessToken: string, refreshToken: string, user: User, done: (error: null, user: SignedIn) => void) =>
      done(null, { ...user, accessToken, refreshToken }),
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user: SignedIn, done) => done(null, user));

const app = express();
app.get('/', (_request, response) => void response.send(homePage));
app.use(
  session({
    store: process.env['STORE'] === 'redis' ? await createRedisStore() : new MemoryStore(),
    secret: setting.sessionSecret,
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax' },
  }),
);
app.use(passport.session());
app.get('/login', passport.authenticate('provider'));
app.get('/callback', passport.authenticate('provider', { successRedirect: '/profile' }));
app.get('/profile', (request, response) => {
  if (!request.user) return response.redirect('/');
  response.send(profilePage(request.user as SignedIn));
});
app.listen(setting.port, '127.0.0.1');
