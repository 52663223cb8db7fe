import express, { type ErrorRequestHandler, type Express } from 'express';
import session from 'express-session';
import { Passport, type Strategy } from 'passport';
import type { StrategyOptions, Verify } from 'passport-oauth2';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { type ListeningSandbox, useSandbox, useServer } from './support.ts';
import { useTrueHosts } from './true-hosts.ts';

/** What a strategy hands to the site about a person. */
export interface LoggedIn<Profile> {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly profile: Profile;
}

const showError: ErrorRequestHandler = ({ name, message, code, oauthError }, _req, res, _next) => {
  res.status(500).json({ name, message, code, cause: oauthError });
};

/** A site with one way to log in; it shows as JSON what the strategy says. */
function passportSite(strategy: Strategy, authenticateOptions: object): Express {
  const passport = new Passport().use(strategy);
  const authenticate = passport.authenticate(strategy.name!, { ...authenticateOptions, session: false });
  const site = express();
  // The state of a login waits here for its callback.
  site.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }));
  site.get('/login', authenticate);
  site.get('/callback', authenticate, (req, res) => void res.json(req.user));
  site.use(showError);
  return site;
}

export interface PassportSite {
  readonly sandbox: ListeningSandbox;
  readonly visitor: Visitor;
  /** Presses the site's only button, and is back with what the strategy made of it. */
  logIn(): Promise<Page>;
  /** Comes back from one more login with its own state and the code of the last one. */
  returnWithUsedCode(): Promise<Page>;
}

export interface StrategyUnderTest<Profile> {
  readonly Strategy: new (options: StrategyOptions, verify: Verify<Profile>) => Strategy;
  readonly service: Service;
  readonly scope: string;
  /** Where the strategy lets these be set; the address of the profile is built in. */
  readonly authorization: string;
  readonly token: string;
}

interface Changes {
  readonly clientSecret?: string;
  readonly skipUserProfile?: boolean;
  readonly authenticateOptions?: object;
}

/** Gives a function that starts a site with this strategy, and a sandbox that it is registered at. */
export function usePassportSite<Profile>({
  Strategy,
  service,
  scope,
  authorization,
  token,
}: StrategyUnderTest<Profile>): (changes?: Changes) => Promise<PassportSite> {
  const startServer = useServer();
  const startSandbox = useSandbox();
  const connectTrueHostsTo = useTrueHosts();
  return async ({ authenticateOptions = {}, ...changes } = {}) => {
    const { url, serve } = await startServer();
    const callbackURL = `${url}/callback`;
    const sandbox = await startSandbox(callbackURL);
    connectTrueHostsTo(sandbox);
    const { clientId: clientID, clientSecret } = madeUpClients[service];
    const authorizationURL = `${sandbox.url}/${authorization}`;
    const tokenURL = `${sandbox.url}/${token}`;
    const addresses = { callbackURL, authorizationURL, tokenURL };
    const rest = { scope, state: true, skipUserProfile: false, ...changes };
    const strategy = new Strategy(
      { clientID, clientSecret, ...addresses, ...rest },
      (accessToken, refreshToken, profile, done) => done(null, { accessToken, refreshToken, profile }),
    );
    serve(passportSite(strategy, authenticateOptions));
    return visit(url, sandbox);
  };
}

function visit(url: string, sandbox: ListeningSandbox): PassportSite {
  const visitor = new Visitor();
  const logIn = (): Promise<Page> => visitor.open(`${url}/login`);
  async function returnWithUsedCode(): Promise<Page> {
    const used = visitor.page.url.searchParams.get('code');
    if (used === null) throw new Error('no login was finished');
    visitor.stopBefore = /\/callback\?/;
    await logIn();
    visitor.stopBefore = null;
    const callback = new URL(visitor.stoppedAt!);
    callback.searchParams.set('code', used);
    return visitor.open(callback.href);
  }
  return { sandbox, visitor, logIn, returnWithUsedCode };
}

export function readSite<Shown = unknown>({ html }: Page): Shown {
  return JSON.parse(html) as Shown;
}
