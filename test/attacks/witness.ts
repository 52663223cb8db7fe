import supertest from 'supertest';
import { services as providers } from '../../src/providers/index.ts';
import type { Endpoints } from '../../src/providers/provider.ts';
import type { RequestRecord } from '../../src/sandbox/request-log.ts';
import { type SentAnswer, useAnswers } from '../support/answers.ts';
import { type GoBetween, startGoBetween } from '../support/go-between.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { differences, readRows } from '../support/rows.ts';
import { collectSecrets, findIn } from '../support/secrets.ts';
import {
  captureCallback,
  type AtProvider,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';

/** The four services: as people read them, and as addresses name them. */
export const services = [
  ['Twitch', 'twitch'],
  ['Mixin', 'mixin'],
  ['Resonite', 'resonite'],
  ['Mixer', 'mixer'],
] as const;
export const serviceNames = services.map(([name]) => name);

/** What an answer of ours looks like to somebody who follows nothing. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface PlainRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Sends this browser's cookies. */
  readonly as?: Visitor;
  /** Another process on the same stores, by its own address. */
  readonly at?: string;
  /** Form fields, or a body as it is. */
  readonly body?: Record<string, string> | string;
}

/** The application, its sandbox and the browsers of one case. */
export class Scene {
  readonly latchkey: RunningLatchkey;
  readonly visitors: Visitor[] = [];
  readonly nodes: { baseUrl: string; close(): Promise<void> }[] = [];
  readonly #answers: readonly SentAnswer[];

  constructor(latchkey: RunningLatchkey, answers: readonly SentAnswer[]) {
    this.latchkey = latchkey;
    this.#answers = answers;
  }

  get baseUrl(): string {
    return this.latchkey.baseUrl;
  }

  /** A browser of its own. */
  visitor(): Visitor {
    const visitor = new Visitor();
    this.visitors.push(visitor);
    return visitor;
  }

  /** Signs in with the first service and links the others. */
  async signedIn(names: readonly string[] = ['Twitch'], answer: AtProvider = {}): Promise<Visitor> {
    const visitor = this.visitor();
    const [first = 'Twitch', ...others] = names;
    await signIn(visitor, this.baseUrl, first, answer);
    for (const name of others) await linkProvider(visitor, this.baseUrl, name, answer);
    return visitor;
  }

  /** Signs in as far as the callback, which is not delivered. */
  callback(visitor: Visitor, name: string, answer: AtProvider = {}): Promise<URL> {
    return captureCallback(visitor, () => startSignIn(visitor, this.baseUrl, name), this.baseUrl, answer);
  }

  /** Links as far as the callback, which is not delivered. */
  linkCallback(visitor: Visitor, name: string, answer: AtProvider = {}): Promise<URL> {
    const start = async () => {
      await visitor.open(`${this.baseUrl}/profile`);
      await visitor.press(`Link ${name}`);
    };
    return captureCallback(visitor, start, this.baseUrl, answer);
  }

  /** One request that follows nothing, with no header but those given. */
  async request(path: string, options: PlainRequest = {}): Promise<PlainAnswer> {
    const { headers = {}, as, body, at } = options;
    const method = (options.method ?? (body === undefined ? 'GET' : 'POST')).toLowerCase() as 'get' | 'post';
    const url = new URL(this.baseUrl + path);
    const request = supertest(at ?? url.origin)[method](path);
    if (at !== undefined) request.set('Host', url.host);
    const cookie = as?.cookieHeader(url) ?? '';
    if (cookie) request.set('Cookie', cookie);
    if (typeof body === 'object') request.type('form').send(body);
    if (typeof body === 'string') request.send(body);
    const answer = await request
      .set(headers)
      .redirects(0)
      .ok(() => true);
    return { status: answer.status, headers: answer.headers, text: answer.text ?? '' };
  }

  /** Posts as a form of our own page does. */
  post(path: string, as: Visitor | null, body: Record<string, string> = {}): Promise<PlainAnswer> {
    return this.request(path, { headers: { 'sec-fetch-site': 'same-origin' }, body, ...(as ? { as } : {}) });
  }

  /** Another process on the same stores, under the same address; gives where it listens. */
  async startNode(env: Record<string, string> = {}): Promise<string> {
    const node = await this.latchkey.startNode({ BASE_URL: this.baseUrl, ...env });
    this.nodes.push(node);
    return node.baseUrl;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.latchkey.close();
  }

  /** Begins to watch what goes out and what is written. */
  async watch(): Promise<Watch> {
    return new Watch(this.latchkey, await readRows(this.latchkey));
  }

  /** All accounts, each with its identities as `provider subject`. */
  async accounts(): Promise<string[][]> {
    const { database } = this.latchkey;
    const accounts = await database.selectFrom('accounts').select('id').execute();
    const identities = await database.selectFrom('identities').selectAll().execute();
    return accounts
      .map(({ id }) =>
        identities
          .filter(({ account_id }) => account_id === id)
          .map(({ provider, subject }) => `${provider} ${subject}`)
          .toSorted(),
      )
      .toSorted((one, other) => (one.join() < other.join() ? -1 : 1));
  }

  /** Answers of the application, in order. */
  ownAnswers(): SentAnswer[] {
    const own = [this.latchkey.listensAt, ...this.nodes.map(({ baseUrl }) => baseUrl)];
    const ports = own.map((address) => Number(new URL(address).port));
    return this.#answers.filter(({ port }) => ports.includes(port));
  }

  /** Where a secret of the wire can be read: in an answer of ours, a line of the log, or a row. */
  async leaks(): Promise<[where: string, secret: string][]> {
    const own = this.ownAnswers();
    // Of thousands that are alike the first and the last are enough.
    const ownAnswers = own.length > 1000 ? [...own.slice(0, 200), ...own.slice(-200)] : own;
    const { requests } = this.latchkey.sandbox.state;
    const answers = this.#answers.filter((answer) => !own.includes(answer));
    const secrets = collectSecrets({ answers, ownAnswers, requests, visitors: this.visitors });
    const { ofProtocol, ofPeople } = secrets;
    // A person's own data is there to be read by them, and what the inspector hides has tests of its own.
    const pages = ownAnswers.filter(({ url }) => !/^\/(?:account\/data\.json|inspector)/.test(url));
    const rows = [...(await readRows(this.latchkey)).values()];
    const said = pages.map(({ body }) => body);
    const inHeaders = pages.map(({ headers: { 'set-cookie': _, ...others } }) => JSON.stringify(others));
    const found = (where: string, values: string[]) =>
      values.map((value): [string, string] => [where, value]);
    return [
      ...found('answer', findIn(said, { ofProtocol, ofPeople })),
      ...found('header', findIn(inHeaders, secrets)),
      ...found('log', findIn(this.latchkey.logLines, secrets)),
      // Profiles are kept as they came.
      ...found('row', findIn(rows, { ...secrets, ofPeople: new Set() })),
    ];
  }
}

/** What went out and what was written since the watch began. */
export class Watch {
  readonly #latchkey: RunningLatchkey;
  readonly #rows: ReadonlyMap<string, string>;
  readonly #known: ReadonlySet<RequestRecord>;
  readonly #lines: number;

  constructor(latchkey: RunningLatchkey, rows: ReadonlyMap<string, string>) {
    this.#latchkey = latchkey;
    this.#rows = rows;
    this.#known = new Set(latchkey.sandbox.state.requests);
    this.#lines = latchkey.logLines.length;
  }

  /** What the application, not a browser, has asked the providers: `POST /oauth2/token`. */
  sent(): string[] {
    return this.requests().map(({ method, path }) => `${method} ${path}`);
  }

  /** The same, as the sandbox has kept it. */
  requests(): RequestRecord[] {
    return this.#latchkey.sandbox.state.requests.filter(
      (request) => !this.#known.has(request) && request.headers['sec-fetch-mode'] !== 'navigate',
    );
  }

  /** `added identities`, `changed login`, `removed session`, in alphabetical order. */
  async written(): Promise<string[]> {
    return differences(this.#rows, await readRows(this.#latchkey));
  }

  /** Lines of the log, as objects. */
  logged(): Record<string, unknown>[] {
    return this.#latchkey.logLines.slice(this.#lines).map((line) => JSON.parse(line));
  }

  /** Nothing went out and nothing was written. */
  async expectNothing(): Promise<void> {
    expect({ sent: this.sent(), written: await this.written() }).toEqual({ sent: [], written: [] });
  }
}

export interface Scenes {
  /** Starts a scene. When its test has ended, no secret of it may be readable anywhere. */
  (options?: LatchkeyOptions): Promise<Scene>;
  /** A scene whose endpoints, named by their variables, lie behind a server of the test. */
  behind(variables: readonly string[], options?: LatchkeyOptions): Promise<[Scene, GoBetween]>;
}

/** Gives what starts scenes; each is searched for secrets and closed after its test. */
export function useScenes(): Scenes {
  const answers = useAnswers();
  const running: Scene[] = [];
  const between: GoBetween[] = [];
  afterEach(async () => {
    const scenes = running.splice(0);
    const leaks = await Promise.all(scenes.map((scene) => scene.leaks()));
    await Promise.all(scenes.map((scene) => scene.close()));
    await Promise.all(between.splice(0).map((one) => one.close()));
    answers.length = 0;
    expect(leaks.flat()).toEqual([]);
  });

  async function start(options: LatchkeyOptions = {}): Promise<Scene> {
    const scene = new Scene(await startLatchkey(options), answers);
    running.push(scene);
    return scene;
  }

  async function behind(
    variables: readonly string[],
    options: LatchkeyOptions = {},
  ): Promise<[Scene, GoBetween]> {
    const one = await startGoBetween();
    between.push(one);
    const env = (sandboxUrl: string) => {
      one.target = sandboxUrl;
      const own = typeof options.env === 'function' ? options.env(sandboxUrl) : options.env;
      const moved = variables.map((name) => [name, endpointOf(name).replace('https:/', one.url)]);
      return { ...own, ...Object.fromEntries(moved) };
    };
    return [await start({ ...options, env }), one];
  }

  return Object.assign(start, { behind });
}

/** The true address of an endpoint, by the variable that replaces it: `TWITCH_TOKEN_ENDPOINT`. */
function endpointOf(variable: string): string {
  const [prefix = '', name = ''] = variable.toLowerCase().split('_');
  const service = providers.find(({ id }) => id === prefix);
  const address = service?.choose({}).endpoints[name as keyof Endpoints];
  if (!address) throw new Error(`${variable} replaces no endpoint`);
  return address;
}
