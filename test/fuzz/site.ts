import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { load } from 'cheerio';
import { usualBreakerLimits } from '../../src/oauth/circuit-breaker.ts';
import { usualGateLimits, usualLimits } from '../../src/oauth/http.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import type { RawAnswer } from './odd-values.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

interface Sent {
  readonly method?: 'GET' | 'POST' | 'HEAD';
  /** As it stands on the wire: it is not encoded here. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly cookie?: string;
  readonly body?: string | Buffer;
}

type Endpoint = 'token' | 'userinfo' | 'validation' | 'revocation' | 'jwks';

/** A login that has been started, and is waiting for the provider's answer. */
export interface Started {
  readonly provider: string;
  readonly state: string;
  readonly nonce: string | null;
  /** Cookies of this browser. */
  readonly cookie: string;
}

export interface Site {
  readonly latchkey: RunningLatchkey;
  /** The answers that a test gives in the providers' place; without one, the sandbox answers. */
  answerAt(provider: string, endpoint: Endpoint, answer: RawAnswer): void;
  /** From here on the sandbox answers everything. */
  sandboxAnswers(): void;
  /** What was asked of the providers, as `POST /host/path`, since this was last called. */
  takeOutgoing(): string[];
  send(sent: Sent): Promise<Answer>;
  /** Starts a login; `cookie` is of a browser that is signed in. */
  start(provider: string, cookie?: string, fields?: Record<string, string>): Promise<Started>;
  /** Brings the provider's answer: `query` as it stands on the wire. */
  finish(started: Started, query: string): Promise<Answer>;
  /** Signs somebody in with the sandbox, start to end; gives the session's cookie. */
  signIn(provider?: string): Promise<string>;
  /** Everything that holds after any request: no crash, no fault of ours, nothing secret, all within limits. */
  expectCalm(answer: Answer, secrets?: readonly string[]): void;
  close(): Promise<void>;
}

/** The most that any page of the application has, in characters. */
const longestPage = 300_000;

/** Five answers of 5xx would open the circuit, and the answers after them would not be asked for. */
const eachByItself = {
  ...usualLimits,
  gate: { ...usualGateLimits, breaker: { ...usualBreakerLimits, failures: Infinity } },
};

export async function openSite(options: LatchkeyOptions = {}): Promise<Site> {
  const given = new Map<string, RawAnswer>();
  let outgoing: string[] = [];
  const standIn = (incoming: IncomingMessage, response: ServerResponse): boolean => {
    const path = (incoming.url ?? '').replace(/\?.*/, '');
    // Where a browser goes is no request of the application.
    if (!/authorize$/.test(path)) outgoing.push(`${incoming.method} ${path}`);
    const answer = given.get(path);
    if (!answer) return false;
    incoming.resume();
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
    return true;
  };
  const env = { SANDBOX_AUTO_APPROVE: 'true', ...(options.env as Record<string, string>) };
  const latchkey = await startLatchkey({ httpLimits: eachByItself, ...options, env, standIn });
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(latchkey.listensAt);
  const own = new URL(latchkey.baseUrl).host;

  function send({ method = 'GET', path, headers = {}, cookie, body }: Sent): Promise<Answer> {
    const all = {
      host: own,
      ...(method === 'POST'
        ? { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
        : {}),
      ...(cookie ? { cookie } : {}),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sending = request({ agent, hostname, port, method, path, headers: all }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sending.on('error', reject);
      sending.end(body);
    });
  }

  async function start(provider: string, cookie = '', fields: Record<string, string> = {}): Promise<Started> {
    const body = new URLSearchParams(fields).toString();
    const answer = await send({ method: 'POST', path: `/login/${provider}`, cookie, body });
    const address = /content="0;url=([^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&');
    if (!address) throw new Error(`no login was started: ${answer.status}`);
    const query = new URL(address).searchParams;
    const cookies = [cookie, ...cookiesOf(answer)].filter(Boolean).join('; ');
    return { provider, state: query.get('state') ?? '', nonce: query.get('nonce'), cookie: cookies };
  }

  const finish = ({ provider, cookie }: Started, query: string) =>
    send({ path: `/login/${provider}/callback?${query}`, cookie });

  async function signIn(provider = 'mixer'): Promise<string> {
    const begun = await send({ method: 'POST', path: `/login/${provider}` });
    const address = /content="0;url=([^"]+)"/.exec(begun.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const approved = await fetch(address, { redirect: 'manual' });
    const back = new URL(approved.headers.get('location') ?? '', address);
    const cookie = cookiesOf(begun).join('; ');
    const answer = await send({ path: back.pathname + back.search, cookie });
    expect([answer.status, answer.headers.location]).toEqual([303, '/profile']);
    const session = cookiesOf(answer).find((pair) => pair.startsWith('latchkey='))!;
    const profile = await send({ path: '/profile', cookie: session });
    expect(profile.status).toBe(200);
    outgoing = [];
    return session;
  }

  function expectCalm(answer: Answer, secrets: readonly string[] = []): void {
    const logLines = latchkey.logLines.splice(0);
    // Node itself answers what is no HTTP or has headers over 16 kB; nothing of ours is reached then.
    if (answer.text === '' && [400, 431].includes(answer.status) && !answer.headers['x-request-id']) return;
    expect(answer.status).toBeGreaterThanOrEqual(200);
    expect([500, 501]).not.toContain(answer.status);
    expect(logLines.filter((line) => /"(?:failure|not recorded|not tidied up)"/.test(line))).toEqual([]);
    expect(answer.text.length).toBeLessThan(longestPage);
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    if (answer.headers['content-type']?.startsWith('text/html')) expect(foreignIn(answer.text)).toEqual([]);
    expect(cookiesOf(answer).join()).not.toContain('evil');
    const { location } = answer.headers;
    if (location !== undefined)
      expect(new URL(location, latchkey.baseUrl).origin).toBe(latchkey.config.origin);
    const seen = [answer.text, JSON.stringify(answer.headers), ...logLines].join('\n');
    expect([...secretsOf(latchkey), ...secrets].filter((secret) => seen.includes(secret))).toEqual([]);
  }

  return {
    latchkey,
    send,
    start,
    finish,
    signIn,
    expectCalm,
    answerAt: (provider, endpoint, answer) => {
      given.set(new URL(endpointsOf(latchkey, provider)[endpoint]!).pathname, answer);
    },
    sandboxAnswers: () => given.clear(),
    takeOutgoing: () => {
      const taken = outgoing;
      outgoing = [];
      return taken;
    },
    close: async () => {
      agent.destroy();
      await latchkey.close();
    },
  };
}

/** Scripts, handlers and addresses in a page that are not our own, whatever came from outside. */
function foreignIn(html: string): string[] {
  const $ = load(html);
  const scripts = $('script')
    .toArray()
    .filter((element) => !$(element).attr('src')?.startsWith('/assets/') || $(element).text() !== '');
  const runs = /^on|^srcdoc$|^style$/;
  const leads = /^(?:href|src|action)$/;
  const elsewhere = /^\s*(?:javascript|data|vbscript):/i;
  const others = $('*')
    .toArray()
    .filter((element) =>
      Object.entries($(element).attr() ?? {}).some(
        ([name, value]) => runs.test(name) || (leads.test(name) && elsewhere.test(value)),
      ),
    );
  return [...scripts, ...others].map((element) => $.html(element).slice(0, 200));
}

function endpointsOf({ config }: RunningLatchkey, id: string): Provider['endpoints'] {
  return config.services.find(({ provider }) => provider.id === id)!.provider.endpoints;
}

function secretsOf({ config }: RunningLatchkey): string[] {
  const clientSecrets = config.services.map((service) =>
    service.state === 'off' ? null : service.clientSecret,
  );
  return [...clientSecrets, ...config.sessionSecrets].filter((secret) => secret !== null);
}

/** The cookies that an answer sets, as a browser sends them; those that it deletes are left out. */
export function cookiesOf({ headers }: Answer): string[] {
  return (headers['set-cookie'] ?? [])
    .map((line) => line.split(';')[0]!)
    .filter((pair) => !pair.endsWith('='));
}
