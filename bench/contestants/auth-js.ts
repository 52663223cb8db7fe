import { ExpressAuth, type ExpressAuthConfig, getSession } from '@auth/express';
import express from 'express';
import { homePage, profilePage, readUser, setting } from './setting.ts';

/** @auth/express with its usual session: an encrypted cookie. */

const config: ExpressAuthConfig = {
  secret: setting.sessionSecret,
  basePath: '/auth',
  trustHost: true,
  session: { strategy: 'jwt' },
  providers: [
    {
      id: 'provider',
      name: 'Provider',
      type: 'oauth',
      issuer: setting.provider.issuer,
      clientId: setting.clientId,
      clientSecret: setting.clientSecret,
      client: { token_endpoint_auth_method: 'client_secret_post' },
      checks: ['pkce', 'state'],
      authorization: {
        url: setting.provider.authorization,
        params: { scope: setting.scopes.join(' ') },
      },
      token: setting.provider.token,
      userinfo: setting.provider.userinfo,
      profile: readUser,
    },
  ],
  callbacks: {
    jwt({ token, account }) {
      if (!account) return token;
      return { ...token, accessToken: account.access_token, refreshToken: account.refresh_token };
    },
    session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub ?? '' } }),
  },
};

const app = express();
app.set('trust proxy', true);
app.get('/', (_request, response) => void response.send(homePage));
app.use('/auth', ExpressAuth(config));

app.get('/profile', async (request, response) => {
  const session = await getSession(request, config);
  const { id, name } = session?.user ?? {};
  if (!id || !name) return response.redirect('/');
  response.send(profilePage({ id, name }));
});

app.listen(setting.port, '127.0.0.1');
