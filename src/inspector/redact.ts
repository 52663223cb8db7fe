import { isObject } from '../json.ts';
import { type Marks, toMark } from './marks.ts';
import { type Field, type Hidden, type Piece, type Text, TextWriter, toText } from './text.ts';

/*
 * What may be kept, by name. Everything else is hidden while it is recorded, so that no page, export
 * or later change of this code can show it.
 */

/** Parameters of requests and redirects. `state` and `nonce` are not among them: marks stand for both. */
const shownParameters: ReadonlySet<string> = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'code_challenge_method',
  'grant_type',
  'token_type_hint',
  'intent',
  'force',
  'iss',
  'error',
  'error_description',
  'error_uri',
]);

/** Fields of JSON answers. Numbers of errors are `code`, which as text is an authorization code. */
const shownFields: ReadonlySet<string> = new Set([
  'token_type',
  'expires_in',
  'scope',
  'scopes',
  'client_id',
  'error',
  'error_description',
  'error_uri',
  'status',
  'statusCode',
  'errorCode',
  'errorMessage',
  'message',
  'description',
  'valid',
  'kty',
  'use',
  'alg',
  'kid',
]);

const shownHeaders: ReadonlySet<string> = new Set([
  'host',
  'accept',
  'accept-language',
  'allow',
  'cache-control',
  'client-id',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'origin',
  'pragma',
  'retry-after',
  'sec-fetch-site',
  'user-agent',
  'www-authenticate',
  'x-request-id',
  'x-server-time',
]);

const shownClaims: ReadonlySet<string> = new Set([
  'alg',
  'typ',
  'kid',
  'iss',
  'sub',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'auth_time',
  'scp',
  'jti',
  'email_verified',
]);

/** Sentences of somebody else: what looks like a secret in them is hidden as well. */
const freeText: ReadonlySet<string> = new Set([
  'error',
  'error_description',
  'error_uri',
  'message',
  'description',
  'errorMessage',
  'www-authenticate',
]);

/** What the sandbox makes up, and may be shown in its flows. Never a secret, cookie or key of ours. */
const madeUpNames: ReadonlySet<string> = new Set([
  'code',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'email',
  'phone',
]);

/** Whoever has one of these can act for somebody: they are looked for in everything that is shown. */
const credentials: ReadonlySet<string> = new Set([
  ...madeUpNames,
  'authorization',
  'client_secret',
  'code_verifier',
  'cookie',
  'nonce',
  'set-cookie',
  'state',
]);

const shortestSecret = 16;

/** No word of a sentence has sixteen characters with digits or capitals among them. */
export function looksLikeSecret(word: string): boolean {
  if (word.length < shortestSecret) return false;
  return word.split(/[:/.]/).some((run) => run.length >= shortestSecret && /\d|[a-z][A-Z]/.test(run));
}

const longestShown = 500;
const mostEntries = 60;
const deepest = 8;

export interface RedactorFacts {
  readonly marks: Marks;
  /** The sandbox plays the provider. */
  readonly sandbox: boolean;
  /** The provider's own parameters and profile fields that may be shown. */
  readonly shows: readonly string[];
}

export interface Redactor {
  hide(name: string, value: string): Hidden;
  /** A parameter of a request or a redirect. */
  parameter(name: string, value: string): Field;
  header(name: string, value: string): Field;
  claims(value: unknown): Field[];
  /** A JSON answer as text, and its outermost fields. */
  json(value: unknown): { readonly text: Text; readonly fields: readonly Field[] };
  /** Text of our own that may hold something from outside. */
  sentence(text: string): Text;
}

/** Hides whatever is not on the lists. Remembers the marks of the credentials it hid, and nothing else of them. */
export function createRedactor({ marks, sandbox, shows }: RedactorFacts): Redactor {
  const seen = new Set<string>();
  /** Spares the work of a mark for what cannot be one of them. */
  const lengths = new Set<number>();
  let shortest = Number.POSITIVE_INFINITY;
  const ofProvider = new Set(shows);
  /** While one answer is being written, whose values come three times; nothing of it is kept. */
  let wholes: Map<string, string> | null = null;

  function wholeOf(value: string): string {
    const whole = wholes?.get(value) ?? marks.whole(value);
    wholes?.set(value, whole);
    return whole;
  }

  function hide(name: string, value: string): Hidden {
    const whole = wholeOf(value);
    if (credentials.has(name) && value.length > 3) {
      seen.add(whole);
      lengths.add(value.length);
      shortest = Math.min(shortest, value.length);
    }
    const domain = value.includes('@') ? (/^[^@\s]+(@[\w.-]+)$/.exec(value)?.[1] ?? '') : '';
    const madeUp = sandbox && madeUpNames.has(name) && value.length <= 2000 ? value : null;
    return { name, characters: value.length, mark: toMark(whole), kept: domain, madeUp };
  }

  /** Text with holes where a word was hidden before, is an address of e-mail, or looks like a secret. */
  function scrub(name: string, text: string, strict: boolean): Text {
    const cut = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
    const words = cut.split(/([^\s"'<>(),;=&?]+)/);
    return toText(words.map((word) => (isSecret(word, strict) ? hide(name, word) : word)));
  }

  function isSecret(word: string, strict: boolean): boolean {
    if (word.length < 4) return false;
    if (word.includes('@') && /^[^@\s/]+@[\w-]+\.[\w.-]+$/.test(word)) return true;
    return (word.length >= shortest && holdsSeen(word)) || (strict && looksLikeSecret(word));
  }

  function holdsSeen(word: string): boolean {
    const parts = [word, word.replace(/^[^\w]+|[^\w]+$/g, ''), ...word.split(/[:/.]/)];
    return parts.some((part) => lengths.has(part.length) && seen.has(marks.whole(part)));
  }

  const show = (name: string, value: string) => scrub(name, value, freeText.has(name));

  function toValue(name: string, value: string, shown: boolean): Text {
    if (value === '') return [];
    return shown ? show(name, value) : [hide(name, value)];
  }

  /** Names come from outside as well. */
  function toName(name: string): string {
    return /^[\w.$-]{1,40}$/.test(name) && !isSecret(name, true) ? name : '(another name)';
  }

  function headerValue(name: string, value: string): Text {
    if (name !== 'authorization') return toValue(name, value, shownHeaders.has(name));
    const [, scheme = '', token = ''] = /^(Basic|Bearer|OAuth) (.*)$/.exec(value) ?? [];
    if (scheme === '') return [hide(name, value)];
    if (scheme === 'Basic') {
      // Remembered by itself: an answer may repeat it (RFC 6749 2.3.1 has the form).
      const [, half = ''] = /:(.*)$/s.exec(Buffer.from(token, 'base64').toString('utf8')) ?? [];
      hide('client_secret', new URLSearchParams(`half=${half}`).get('half') ?? '');
      return ['Basic ', hide(name, token)];
    }
    // An access token is one that an answer of this flow gave us; a request token we sign ourselves.
    const given = seen.has(marks.whole(token));
    return [`${scheme} `, { ...hide('access_token', token), ...(given ? {} : { madeUp: null }) }];
  }

  function isShownField(name: string, value: unknown): boolean {
    return shownFields.has(name) || ofProvider.has(name) || (name === 'code' && typeof value === 'number');
  }

  function writeLeaf(out: TextWriter, name: string, value: unknown, shown: boolean): void {
    if (typeof value === 'string') {
      out.add('"');
      for (const piece of toValue(name, value, shown)) out.add(quoted(piece));
      out.add('"');
    } else out.add(shown || value === null ? String(value) : hide(name, String(value)));
  }

  function write(
    out: TextWriter,
    name: string,
    value: unknown,
    shown: boolean,
    indent: string,
    depth: number,
  ): void {
    if (Array.isArray(value))
      writeAll(out, '[]', value, indent, depth, (one, inner) =>
        write(out, name, one, shown, inner, depth + 1),
      );
    else if (isObject(value))
      writeAll(out, '{}', Object.entries(value), indent, depth, ([key, one], inner) => {
        out.add(`"${toName(key)}": `);
        write(out, key, one, isShownField(key, one), inner, depth + 1);
      });
    else writeLeaf(out, name, value, shown);
  }

  function writeAll<Entry>(
    out: TextWriter,
    brackets: '[]' | '{}',
    entries: readonly Entry[],
    indent: string,
    depth: number,
    writeOne: (entry: Entry, indent: string) => void,
  ): void {
    const [open, close] = brackets;
    if (entries.length === 0 || depth > deepest) {
      out.add(entries.length === 0 ? brackets : `${open}…${close}`);
      return;
    }
    const inner = `${indent}  `;
    let before = open!;
    for (const entry of entries.slice(0, mostEntries)) {
      out.add(`${before}\n${inner}`);
      writeOne(entry, inner);
      before = ',';
    }
    const more = entries.length - mostEntries;
    if (more > 0) out.add(`,\n${inner}… and ${more} more`);
    out.add(`\n${indent}${close}`);
  }

  function toJsonText(name: string, value: unknown, shown: boolean): Text {
    const out = new TextWriter();
    write(out, name, value, shown, '', 0);
    return out.text;
  }

  /** Learns the credentials that `write` will hide, wherever it goes. */
  function remember(name: string, value: unknown, shown: boolean, depth: number): void {
    if (value === null || depth > deepest + 1) return;
    if (Array.isArray(value)) {
      for (const one of value.slice(0, mostEntries)) remember(name, one, shown, depth + 1);
    } else if (isObject(value)) {
      for (const [key, one] of Object.entries(value).slice(0, mostEntries))
        remember(key, one, isShownField(key, one), depth + 1);
    } else if (!shown && credentials.has(name)) hide(name, String(value));
  }

  return {
    hide,
    parameter: (name, value) => ({
      name: toName(name),
      value: toValue(name, value, shownParameters.has(name) || ofProvider.has(name)),
    }),
    header: (name, value) => ({ name: toName(name), value: headerValue(name, value) }),
    claims(value) {
      if (!isObject(value)) return [];
      return Object.entries(value)
        .slice(0, mostEntries)
        .map(([name, claim]) => ({
          name: toName(name),
          value:
            typeof claim === 'string'
              ? toValue(name, claim, shownClaims.has(name))
              : toJsonText(name, claim, shownClaims.has(name)),
        }));
    },
    json(value) {
      wholes = new Map();
      try {
        // First: a sentence may repeat a secret that stands behind it.
        remember('', value, false, 0);
        const fields = isObject(value) ? Object.entries(value).slice(0, mostEntries) : [];
        return {
          text: toJsonText('', value, false),
          fields: fields.map(([name, one]) => ({
            name: toName(name),
            value:
              typeof one === 'string'
                ? toValue(name, one, isShownField(name, one))
                : toJsonText(name, one, isShownField(name, one)),
          })),
        };
      } finally {
        wholes = null;
      }
    },
    sentence: (text) => scrub('text', text, false),
  };
}

/** A shown text inside JSON's quotation marks. */
function quoted(piece: Piece): Piece {
  return typeof piece === 'string' ? JSON.stringify(piece).slice(1, -1) : piece;
}
