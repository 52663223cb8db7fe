import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { betterAuth, type BetterAuthOptions } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { genericOAuth } from 'better-auth/plugins/generic-oauth';
import express from 'express';
import { homePage, profilePage, readUser, setting } from './setting.ts';

/** Better Auth with its generic OAuth plugin, in Express, on an SQLite file. */

const database = new DatabaseSync(join(setting.dataDir, 'better-auth.sqlite'));
database.exec('pragma journal_mode = wal; pragma synchronous = normal');

const raised = { window: 1, max: 1_000_000 };
const options: BetterAuthOptions = {
  baseURL: setting.baseUrl,
  secret: setting.sessionSecret,
  database,
  // On in production by itself. Raised, as all logins come from one address; it counts.
  rateLimit: {
    ...raised,
    customRules: { '/sign-in/*': raised, '/callback/*': raised },
  },
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: 'provider',
          authorizationUrl: setting.provider.authorization,
          tokenUrl: setting.provider.token,
          userInfoUrl: setting.provider.userinfo,
          clientId: setting.clientId,
          clientSecret: setting.clientSecret,
          scopes: [...setting.scopes],
          pkce: true,
          mapProfileToUser: (profile) => ({ name: readUser(profile).name }),
        },
      ],
    }),
  ],
};
const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();

const app = express();
app.get('/', (_request, response) => void response.send(homePage));
app.all('/api/auth/{*path}', toNodeHandler(auth));

app.get('/profile', async (request, response) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  if (!session) return response.redirect('/');
  response.send(profilePage(session.user));
});

app.listen(setting.port, '127.0.0.1');
