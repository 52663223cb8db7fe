import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  Router,
} from 'express';
import { type Delays, usualDelays } from './answer-faults.ts';
import { controlRouter } from './control/router.ts';
import { tryItRegistrations } from './control/try-it-clients.ts';
import type { SwitchedFault } from './faults.ts';
import { Random } from './random.ts';
import { mixerHost } from './hosts/mixer.ts';
import { mixinApiHost } from './hosts/mixin-api.ts';
import { mixinHost, mixinWwwHost } from './hosts/mixin.ts';
import { resoniteHost } from './hosts/resonite.ts';
import { twitchHost } from './hosts/twitch.ts';
import { helixRouter } from './hosts/twitch-helix.ts';
import { krakenInteraction, krakenRouter } from './hosts/twitch-kraken.ts';
import { securityHeaders, setUpViews, staticFiles } from './pages.ts';
import { type SandboxParts, wrongFault } from './parts.ts';
import { pictureHost } from './pictures.ts';
import type { Registration } from './registrations.ts';
import { logRequests, setVerdict } from './request-log.ts';
import { answerError } from './answer-error.ts';
import { type Host, hostInPath } from './services.ts';
import { breakableAnswers } from './sending.ts';
import { type StandardRegistration, type StandardService, standardHosts } from './standard-service.ts';
import { createSigningKeys } from './signing-key.ts';
import { SandboxState, type Settings, usualSettings } from './state.ts';
import { createStateSaver, loadState, noSaver, type StateSaver } from './state-file.ts';

export interface SandboxOptions {
  /** Public address without a trailing slash, for example http://localhost:4000. */
  baseUrl: string;
  registrations: readonly Registration[];
  /** Approves everything at once as the first person and shows no page. */
  autoApprove: boolean;
  /** More of the settings that a person may also choose on the page. */
  settings?: Partial<Settings>;
  /** Faults that are on from the start, and again after a reset. */
  faults?: readonly SwitchedFault[];
  /** Services of the application's own, each with the one application that it knows. */
  more?: readonly { readonly service: StandardService; readonly registration: StandardRegistration }[];
  /** Fixes ids, codes, tokens and keys. */
  seed?: string | null;
  /** How slow slow answers are. */
  delays?: Delays;
  /** Milliseconds. */
  now: () => number;
  /** When given, keys, tokens and grants are kept in this file and live on after a restart. */
  stateFile?: string;
}

export interface Sandbox {
  app: Express;
  state: SandboxState;
  /** Ends the requests that a fault keeps waiting, and writes the state file. */
  close(): Promise<void>;
}

function apiTwitchHost(parts: SandboxParts): Router {
  const router = Router();
  router.use('/helix', helixRouter(parts));
  router.use('/kraken', krakenRouter(parts));
  router.use('/sandbox', krakenInteraction(parts));
  return router;
}

/** The pretended hosts: each is a folder of this one true host. */
function hostRouters(parts: SandboxParts): Readonly<Record<Host, Router>> {
  return {
    'id.twitch.tv': twitchHost(parts),
    'api.twitch.tv': apiTwitchHost(parts),
    'static-cdn.jtvnw.net': pictureHost(parts),
    'mixer.com': mixerHost(parts),
    'uploads.mixer.com': pictureHost(parts),
    'mixin.one': mixinHost(parts),
    'www.mixin.one': mixinWwwHost(parts),
    'api.mixin.one': mixinApiHost(parts),
    'mixin-api.zeromesh.net': mixinApiHost(parts),
    'images.mixin.one': pictureHost(parts),
    'account.resonite.com': resoniteHost(parts),
    'assets.resonite.com': pictureHost(parts),
  };
}

/** Where the redirecting faults lead; who follows them shows up in the request log. */
function elsewhere(): Router {
  const router = Router();
  router.use((_req, res) => void res.json({}));
  return router;
}

/** Once a minute is enough: with many records a look at all of them takes a while. */
function forgetting({ state, now }: SandboxParts): RequestHandler {
  let nextAt = 0;
  return (_req, _res, next) => {
    if (now() >= nextAt) {
      state.forgetOld(now());
      nextAt = now() + 60 * 1000;
    }
    next();
  };
}

/** Routers do not tell upper from lower case, and neither does the log. */
function isPlayed(played: object, req: Request): boolean {
  return Object.hasOwn(played, hostInPath(req.path));
}

function refuseWrongFaults(parts: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const wrong = wrongFault(parts, req);
    if (wrong === undefined) return next();
    setVerdict(res, wrong);
    const words = `X-Sandbox-Fault names ${wrong}. GET /api/faults lists the faults and their hosts.\n`;
    res.status(400).type('text/plain').send(words);
  };
}

const answerNothingHere: RequestHandler = (_req, res) => {
  setVerdict(res, 'nothing is played at this path and method');
  res.status(404).type('text/plain').send('There is nothing here.\n');
};

function createRouter(parts: SandboxParts, saver: StateSaver, more: SandboxOptions['more'] = []): Router {
  const router = Router();
  router.use(securityHeaders);
  router.use('/assets', staticFiles());
  router.use(express.raw({ type: () => true, limit: '64kb' }));
  router.use(forgetting(parts));
  router.use((_req, res, next) => {
    res.once('close', () => saver.schedule());
    next();
  });
  router.use(controlRouter(parts));
  const own = more.map(({ service, registration }) => standardHosts(service, registration, parts));
  // Several may be on one host: each takes what it knows and leaves the rest to the next.
  const routers = [hostRouters(parts), ...own].flatMap((hosts) => Object.entries<Router>(hosts));
  const played = { elsewhere: null, ...Object.fromEntries(routers) };
  const log = logRequests(parts);
  router.use((req, res, next) => (isPlayed(played, req) ? log(req, res, next) : next()));
  // Whoever follows a redirecting fault may bring its header along.
  router.use('/elsewhere', elsewhere());
  router.use(refuseWrongFaults(parts), breakableAnswers(parts));
  for (const [host, hostRouter] of routers) router.use(`/${host}`, hostRouter);
  return router;
}

function createApp(parts: SandboxParts, saver: StateSaver, more: SandboxOptions['more']): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  setUpViews(app);
  app.use(parts.basePath || '/', createRouter(parts, saver, more));
  app.use(answerNothingHere);
  app.use(answerError(parts) as ErrorRequestHandler);
  return app;
}

/** Creates the pretended Twitch, Kraken, Mixer, Mixin and Resonite as one Express application. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { baseUrl, registrations, autoApprove, now, seed = null } = options;
  // What a seed fixes begins anew at each start.
  const stateFile = seed === null ? options.stateFile : undefined;
  const state = new SandboxState(
    { ...usualSettings, autoApprove, ...options.settings },
    options.faults ?? [],
    now,
  );
  const signingKeys = createSigningKeys(seed);
  const loadedKey = stateFile === undefined ? null : await loadState(stateFile, state);
  if (loadedKey) signingKeys.current = loadedKey;
  const saver = stateFile === undefined ? noSaver : createStateSaver(stateFile, state, signingKeys.current);
  const parts: SandboxParts = {
    baseUrl,
    basePath: new URL(baseUrl).pathname.replace(/\/$/, ''),
    registrations: [...registrations, ...tryItRegistrations(baseUrl)],
    state,
    signingKeys,
    random: seed === null ? Random.secure() : Random.seeded(seed),
    delays: options.delays ?? usualDelays,
    now,
    stateFile: stateFile ?? null,
  };
  const app = createApp(parts, saver, options.more);

  async function close(): Promise<void> {
    state.letGo();
    await saver.flush();
  }

  return { app, state, close };
}
