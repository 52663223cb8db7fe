import { randomBytes } from 'node:crypto';
import type { CheckName } from '../inspector/checks.ts';
import { recordCheck } from '../inspector/recorder.ts';
import { isObject } from '../json.ts';
import { buildAuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Client } from '../oauth/client.ts';
import { toStandardTokenAnswer, toWireTokenRequest } from '../oauth/token-response.ts';
import { clockName, type Finding, judgeClock, needsAction, notChecked, ok } from './finding.ts';
import { type Probe, probe } from './probe.ts';
import { variableName } from './provider-setup.ts';

export interface CheckResult {
  readonly findings: readonly Finding[];
  /** What was sent, for a developer to see. */
  readonly sent: readonly SentMessage[];
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** One of the messages, without anything that was in it or came back. */
export interface SentMessage extends Pick<Probe, 'method' | 'address' | 'milliseconds' | 'failure'> {
  /** Null when there was no answer. */
  readonly status: number | null;
}

const totalMilliseconds = 5000;

/**
 * Asks a provider what can be seen of a client without anybody signing in: an authorization request
 * that is not followed, and a token request with a code that nobody ever got. Both at once, five
 * seconds in all. Neither can sign anybody in or use anything up.
 */
export async function checkNow(
  client: Client,
  now: () => number,
  milliseconds = totalMilliseconds,
): Promise<CheckResult> {
  const signal = AbortSignal.timeout(milliseconds);
  const verifier = randomSecret();
  const [authorization, token] = await Promise.all([
    probe(toAuthorizationProbe(client, verifier), now, signal),
    toTokenProbe(client, verifier).then((request) => probe(request, now, signal)),
  ]);
  const findings = [
    judged(
      'trial-answer',
      judgeAnswer('Authorization endpoint', 'AUTHORIZATION_ENDPOINT', client, authorization),
    ),
    judged('client-known', judgeClient(client, authorization)),
    judged('trial-token-answer', judgeAnswer('Token endpoint', 'TOKEN_ENDPOINT', client, token)),
    judged('secret-known', judgeSecret(client, token)),
    judgeTime(client, [authorization, token]),
  ];
  return { findings, sent: [authorization, token].map(toSentMessage), at: now() };
}

const results = { ok: 'passed', 'needs-action': 'failed', 'not-checked': 'skipped' } as const;

/** A finding is a check of the trace, too. */
function judged(name: CheckName, finding: Finding): Finding {
  recordCheck(name, results[finding.status], `${finding.sentence}${finding.fix ? ` ${finding.fix}` : ''}`);
  return finding;
}

function toSentMessage({ method, address, milliseconds, failure, answer }: Probe): SentMessage {
  return { method, address, milliseconds, failure, status: answer?.status ?? null };
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

function toAuthorizationProbe(client: Client, codeVerifier: string) {
  const url = buildAuthorizationRequest(client, {
    state: randomSecret(),
    nonce: client.usesNonce ? randomSecret() : null,
    codeVerifier,
    scope: client.scope,
    force: false,
  });
  const kind = 'trial-authorization';
  return { kind, method: 'GET', url: url.href, headers: { accept: 'text/html, */*;q=0.5' } } as const;
}

async function toTokenProbe(client: Client, codeVerifier: string) {
  const { provider, configuration, redirectUri } = client;
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: randomBytes(32).toString('hex'),
    redirect_uri: redirectUri,
  });
  if (client.pkce !== null) form.set('code_verifier', codeVerifier);
  const headers = new Headers({ accept: 'application/json' });
  await client.authenticate(configuration.serverMetadata(), configuration.clientMetadata(), form, headers);
  const wire = toWireTokenRequest(provider, form.toString());
  headers.set('content-type', wire.contentType);
  const kind = 'trial-token';
  const message = { headers: Object.fromEntries(headers), body: wire.body };
  return { kind, method: 'POST', url: provider.endpoints.token, ...message } as const;
}

function judgeAnswer(
  name: string,
  suffix: string,
  { provider }: Client,
  { answer, failure }: Probe,
): Finding {
  if (answer !== null && answer.status < 500) return ok(name, `It answers (HTTP ${answer.status}).`);
  const what = answer
    ? `It answers with an error of its own (HTTP ${answer.status}).`
    : failure === 'no answer in time'
      ? `No answer within ${totalMilliseconds / 1000} seconds.`
      : `It cannot be reached (${failure}).`;
  const fix = `Is ${provider.name} up, and does this machine reach the internet? ${variableName(provider, suffix)} can name another address.`;
  return needsAction(name, what, fix);
}

/** What a refusal at the authorization endpoint is about; the first that fits counts. */
const subjects = [
  { says: /redirect[_ ]?(?:mismatch|uri|url)/i, subject: 'address' },
  { says: /scope/i, subject: 'scope' },
  { says: /client/i, subject: 'client' },
] as const;

/** Answers that tell how the service is doing: by the status, or by the `error` of a redirect. */
const ownTroubles: Readonly<Record<string, string>> = {
  429: 'is busy',
  server_error: 'is failing',
  temporarily_unavailable: 'is busy or failing',
  access_denied: 'denies access before anybody is asked',
};

function judgeClient(client: Client, { answer }: Probe): Finding {
  const { provider, redirectUri } = client;
  const name = 'Client id and return address';
  if (answer === null || answer.status >= 500)
    return notChecked(name, 'The authorization endpoint has to answer first.');
  const error = readRedirectError(answer.headers['location'] ?? null);
  const code = error?.code ?? String(answer.status);
  if (Object.hasOwn(ownTroubles, code)) {
    const sentence = `${provider.name} ${ownTroubles[code]} (${code}), so nothing can be said about them.`;
    return notChecked(name, sentence, 'Check again later.');
  }
  const refusal = answer.status >= 400 ? toPlainText(answer.text) : (error?.words ?? null);
  if (refusal === null) {
    if (provider.registration.beforeSignIn === 'shows-nothing') {
      const sentence = `${provider.name} shows its page for every client id, and does not look at the return address. Only a sign-in shows whether they are right.`;
      return notChecked(name, sentence, null);
    }
    return ok(name, `${provider.name} accepts them, as far as can be seen without signing in.`);
  }
  const subject = subjects.find(({ says }) => says.test(refusal))?.subject;
  const clientId = variableName(provider, 'CLIENT_ID');
  const scopes = variableName(provider, 'SCOPES');
  const { place, field } = provider.registration;
  switch (subject) {
    case 'address':
      return needsAction(
        name,
        `${provider.name} does not know the return address ${redirectUri}.`,
        `Paste it into ${field ?? 'the registration'} (${place}). It is made from BASE_URL.`,
      );
    case 'scope':
      return needsAction(
        name,
        `${provider.name} refuses the scopes that are asked for.`,
        `Correct ${scopes}, or leave it out to ask for the usual ones.`,
      );
    case 'client':
      return needsAction(
        name,
        `${provider.name} does not know this client id.`,
        `Compare ${clientId} with the one at ${place}.`,
      );
    case undefined:
      return needsAction(
        name,
        `${provider.name} refuses the request (HTTP ${answer.status}) and does not say why in words we know.`,
        `Compare ${clientId}, ${scopes} and the return address with the registration at ${place}.`,
      );
  }
}

/** The refusal in a redirect. Null when there is none. */
function readRedirectError(location: string | null): { code: string; words: string } | null {
  const query = location !== null && URL.canParse(location) ? new URL(location).searchParams : null;
  const code = query?.get('error') ?? null;
  // Somebody has to sign in first: that is as far as it goes.
  if (code === null || /^(?:login|interaction|consent)_required$/.test(code)) return null;
  return { code, words: `${code} ${query?.get('error_description') ?? ''}` };
}

function toPlainText(html: string): string {
  return html.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
}

function judgeSecret(client: Client, { answer }: Probe): Finding {
  const { provider, clientSecret } = client;
  const name = clientSecret === null ? 'Client authentication' : 'Client secret';
  if (answer === null || answer.status >= 500)
    return notChecked(name, 'The token endpoint has to answer first.');
  const id = variableName(provider, 'CLIENT_ID');
  const secret = variableName(provider, 'CLIENT_SECRET');
  if (!provider.registration.tellsSecretFromCode) {
    const sentence = `${provider.name} may give the same answer to a wrong secret and to a wrong code, so they cannot be told apart without signing in.`;
    return notChecked(name, clientSecret === null ? 'There is no secret: PKCE stands for it.' : sentence);
  }
  const error = readError(client, answer);
  if (error === 'invalid_grant') {
    const whose = clientSecret === null ? 'the client without a secret' : 'the secret';
    return ok(name, `${provider.name} accepted ${whose} and refused the made-up code, as it should.`);
  }
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    const sentence = `${provider.name} refuses the client id or the client secret.`;
    return needsAction(
      name,
      sentence,
      `Compare ${id} and ${secret} with those at ${provider.registration.place}.`,
    );
  }
  const said = error === null ? 'in a way we cannot read' : `with another error (${error})`;
  return notChecked(name, `${provider.name} answered ${said}, so nothing can be said about the secret.`);
}

/** The standard error code of the answer, or null when it has none. */
function readError({ provider }: Client, answer: NonNullable<Probe['answer']>): string | null {
  try {
    const { body } = toStandardTokenAnswer(provider, answer);
    const error = isObject(body) ? body['error'] : undefined;
    // Only a registered word: anything else came from outside and is not repeated.
    return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : null;
  } catch {
    return null;
  }
}

function judgeTime({ provider }: Client, probes: readonly Probe[]): Finding {
  const difference = probes.map((one) => one.clockDifference).find((one) => one !== null);
  if (difference === undefined) return notChecked(clockName, `${provider.name} did not say what time it is.`);
  return judgeClock(clockName, provider.name, difference);
}
