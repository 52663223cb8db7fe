import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { RequestRecord } from '../../src/sandbox/request-log.ts';
import type { SentAnswer } from './answers.ts';
import { testSecret } from './latchkey.ts';
import type { Visitor } from './visitor.ts';

/** What was secret in what went over the wire. */
export interface Secrets {
  readonly ofProtocol: ReadonlySet<string>;
  /** `state` and `nonce`, which our own page has to carry to the provider. */
  readonly ofHandOff: ReadonlySet<string>;
  /** E-mail addresses without their end, and telephone numbers. */
  readonly ofPeople: ReadonlySet<string>;
}

export interface Wire {
  /** Of the pretended providers. */
  readonly answers: readonly SentAnswer[];
  /** Of the application. */
  readonly ownAnswers: readonly SentAnswer[];
  readonly requests: readonly RequestRecord[];
  readonly visitors: readonly Visitor[];
}

const sentNames = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'token', 'ed25519'];

/** Finds them: in the answers of the providers, in what was sent to them, in addresses and cookies. */
export function collectSecrets({ answers, ownAnswers, requests, visitors }: Wire): Secrets {
  const named = (names: string) => new RegExp(`"(?:${names})":\\s*"([^"]{4,})"`, 'g');
  const inAnswers = (names: string) =>
    answers.flatMap(({ body }) => [...body.matchAll(named(names))].map((match) => match[1]!));
  const queries = visitors.flatMap(({ visited }) => visited).map((url) => new URL(url).searchParams);
  const inAddresses = (name: string) => queries.map((query) => query.get(name));
  const inRequests = sentNames.flatMap((name) => requests.map(({ body }) => body[name]));
  const inQueries = requests.flatMap(({ query }) => [query['state'], query['nonce']]);
  const protocol = [
    ...inAnswers('access_token|refresh_token|id_token|ed25519|authorization_id'),
    ...inAddresses('code'),
    ...inRequests,
    ...ownCookies(ownAnswers),
    ...Object.values(madeUpClients).map(({ clientSecret }) => clientSecret),
    testSecret,
  ];
  return {
    ofProtocol: longTexts(protocol),
    ofHandOff: longTexts([...inAddresses('state'), ...inAddresses('nonce'), ...inQueries]),
    ofPeople: new Set(inAnswers('email|phone').map((value) => value.replace(/@.*/, ''))),
  };
}

const longTexts = (values: readonly unknown[]): ReadonlySet<string> =>
  new Set(values.filter((value): value is string => typeof value === 'string' && value.length > 5));

/** What our cookies have held, and of a session's the id alone too. */
function ownCookies(answers: readonly SentAnswer[]): string[] {
  return answers
    .flatMap(({ headers }) => [headers['set-cookie'] ?? []].flat())
    .flatMap((line) => /^(?:__Host-)?latchkey(?:-login)?=([^;]+)/.exec(line)?.[1] ?? [])
    .map(decodeURIComponent)
    .flatMap((value) => [value, /^s:([\w-]+)\./.exec(value)?.[1] ?? value]);
}

/** The secrets that are in these texts. */
export function findIn(texts: readonly string[], secrets: Partial<Secrets>): string[] {
  const { ofProtocol = [], ofHandOff = [], ofPeople = [] } = secrets;
  const all = texts.join('\n');
  return [
    ...[...ofProtocol, ...ofHandOff].filter(
      (secret) => all.includes(secret) || all.includes(encodeURIComponent(secret)),
    ),
    // E-mail addresses are looked for with their sign: `ada` is also a name.
    ...[...ofPeople].filter(
      (name) => all.includes(`${name}@`) || (/^\+?\d/.test(name) && all.includes(name)),
    ),
  ];
}
