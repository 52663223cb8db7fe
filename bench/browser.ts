import { Client } from 'undici';

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
}

/** As little of a browser as a login needs: one connection to each of two servers, and cookies. */
export interface Browser {
  /** A new browser: no cookie is left. */
  forget(): void;
  /** The `Cookie` header that the application would get now. */
  cookies(): string;
  get(path: string, cookie?: string): Promise<Answer>;
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Where the provider sends this person back to. */
  visitProvider(url: string, headers: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

export function createBrowser(baseUrl: string): Browser {
  const application = new Client(baseUrl, { pipelining: 1, keepAliveTimeout: 60_000 });
  const providers = new Map<string, Client>();
  const jar = new Map<string, string>();

  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

  async function send(
    method: 'GET' | 'POST',
    path: string,
    body: string | null,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const answer = await application.request({ method, path, headers, body });
    const set = answer.headers['set-cookie'];
    if (set !== undefined) for (const line of [set].flat()) keepCookie(jar, line);
    const text = await answer.body.text();
    const { location } = answer.headers;
    return { status: answer.statusCode, location: typeof location === 'string' ? location : null, text };
  }

  const withCookies = (cookie: string) => (cookie === '' ? usualHeaders : { ...usualHeaders, cookie });

  return {
    forget: () => jar.clear(),
    cookies,
    get: (path, cookie = cookies()) => send('GET', path, null, withCookies(cookie)),
    post: (path, body, headers = {}) =>
      send('POST', path, body, {
        'content-type': 'application/x-www-form-urlencoded',
        origin: baseUrl,
        'sec-fetch-site': 'same-origin',
        ...withCookies(cookies()),
        ...headers,
      }),
    async visitProvider(url, headers) {
      const { origin, pathname, search } = new URL(url);
      const known = providers.get(origin) ?? new Client(origin, { pipelining: 1, keepAliveTimeout: 60_000 });
      providers.set(origin, known);
      const answer = await known.request({ method: 'GET', path: pathname + search, headers });
      const text = await answer.body.text();
      const { location } = answer.headers;
      if (typeof location !== 'string')
        throw new Error(`the provider answered ${answer.statusCode}: ${text.slice(0, 200)}`);
      return location;
    },
    async close() {
      await Promise.all([application.close(), ...[...providers.values()].map((client) => client.close())]);
    },
  };
}

/** What a browser sends along that an application may look at. */
const usualHeaders: Readonly<Record<string, string>> = {
  accept: 'text/html',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};

function keepCookie(jar: Map<string, string>, line: string): void {
  const end = line.indexOf(';');
  const pair = end < 0 ? line : line.slice(0, end);
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  if (value === '' || /;\s*max-age=0(?:;|$)/i.test(line)) jar.delete(name);
  else jar.set(name, value);
}
