import { randomUUID } from 'node:crypto';
import { faultTable } from '../faults.ts';
import { type ExplainedParameter, explainResponse } from '../parameter-meanings.ts';
import type { SandboxParts } from '../parts.ts';
import type { RequestRecord } from '../request-log.ts';
import { type PlayedApi, playedApis } from '../addresses.ts';
import { askSandbox, NoAnswer, type OwnAnswer, type OwnRequest } from './loopback.ts';
import { triedApis } from './try-it-apis.ts';
import { tryItClients } from './try-it-clients.ts';
import type { TryItLogin } from './try-it-login.ts';
import { asCurl, asText, showAnswer, type ShownAnswer } from './try-it-text.ts';

/** What the application does in a step, and what came of it. */
interface Step {
  readonly title: string;
  readonly words: string;
  readonly parameters?: readonly ExplainedParameter[];
  readonly request?: { readonly text: string; readonly curl: string };
  readonly answer?: ShownAnswer | null;
  readonly facts?: readonly (readonly [label: string, value: string])[];
  /** Why it ends here; the last step only. */
  readonly problems?: readonly string[];
}

export interface Report {
  readonly heading: string;
  readonly succeeded: boolean;
  readonly steps: readonly Step[];
}

/** One step did not give what the next one needs. */
class StepFailed extends Error {
  readonly step: Step;

  constructor(step: Step) {
    super(step.title);
    this.step = step;
  }
}

interface Attempt {
  readonly parts: SandboxParts;
  readonly api: PlayedApi;
  readonly login: TryItLogin;
  readonly callback: URL;
  /** Where the sandbox answers, with its path. */
  readonly base: string;
}

/** `data.0.id`: a member of a member, or undefined. */
function valueAt(value: unknown, place: string): unknown {
  return place.split('.').reduce<unknown>((inner, name) => {
    const isObject = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name);
    return isObject ? (inner as Record<string, unknown>)[name] : undefined;
  }, value);
}

function parse({ body, isTooLong }: OwnAnswer): unknown {
  try {
    return isTooLong ? undefined : (JSON.parse(body) as unknown);
  } catch {
    return undefined;
  }
}

const errorWords: Readonly<Record<string, string>> = {
  access_denied: 'The person said no.',
  server_error: 'The service could not answer.',
  redirect_mismatch: 'The redirect URI is not registered.',
};

function callbackStep({ api, callback }: Attempt): Step {
  return {
    title: 'Your browser came back',
    words: `${api.name} sent it to the redirect URI with these parameters. First the application compares state: it fits the login that this browser started.`,
    parameters: explainResponse(callback),
  };
}

/** The code, or the step that says why there is none. */
function readCode(attempt: Attempt): string {
  const { callback, api } = attempt;
  const error = callback.searchParams.get('error');
  const code = callback.searchParams.get('code');
  if (error === null && code) return code;
  const why = error === null ? 'There is neither a code nor an error.' : (errorWords[error] ?? '');
  const words = `${api.name} sent no code${error === null ? '' : `, but the error ${error}`}. ${why}`.trim();
  throw new StepFailed({ ...callbackStep(attempt), problems: [words] });
}

function formatBody(type: 'form' | 'json', members: Readonly<Record<string, string>>): string {
  return type === 'json' ? JSON.stringify(members) : String(new URLSearchParams(members));
}

const contentTypes = { form: 'application/x-www-form-urlencoded', json: 'application/json' } as const;

function tokenRequest({ parts, api, login }: Attempt, code: string): OwnRequest {
  const { to, type, sends } = triedApis[api.key].token;
  const values: Readonly<Record<string, string>> = {
    grant_type: 'authorization_code',
    ...snakeCase(tryItClients[api.service]),
    code,
    redirect_uri: redirectUriOf(parts, api),
    code_verifier: login.codeVerifier ?? '',
  };
  const members = Object.fromEntries(sends.map((name) => [name, values[name]!]));
  const headers = { 'Content-Type': contentTypes[type], 'X-Request-Id': randomUUID() };
  return { method: 'POST', to, headers, body: formatBody(type, members) };
}

function snakeCase({ clientId, clientSecret }: { clientId: string; clientSecret: string }) {
  return { client_id: clientId, client_secret: clientSecret };
}

export function redirectUriOf({ baseUrl }: SandboxParts, { key }: PlayedApi): string {
  return `${baseUrl}/try/${key}/callback`;
}

function profileRequest({ api }: Attempt, token: string): OwnRequest {
  const { to, headers } = triedApis[api.key].profile;
  const own = headers(token, tryItClients[api.service].clientId);
  return { method: 'GET', to, headers: { ...own, 'X-Request-Id': randomUUID() }, body: null };
}

/** What the request log says about a request of ours: the check that failed, and the faults it met. */
function causes({ parts }: Attempt, request: OwnRequest): string[] {
  const isOurs = ({ headers }: RequestRecord): boolean =>
    headers['x-request-id'] === request.headers['X-Request-Id'];
  const record = parts.state.requests.findLast(isOurs);
  if (!record) return [];
  const { failedCheck, faults } = record;
  return [
    ...(failedCheck ? [`This check failed: ${failedCheck.name} (${failedCheck.source}).`] : []),
    ...faults.map((name) => `It met the fault ${name}: ${faultTable[name].effect}.`),
  ];
}

async function ask(attempt: Attempt, step: Step, request: OwnRequest): Promise<[Step, unknown]> {
  const shown = { ...step, request: { text: asText(request), curl: asCurl(attempt.parts.baseUrl, request) } };
  try {
    const answer = await askSandbox(attempt.base, request);
    const whole = { ...shown, answer: showAnswer(answer) };
    const problem = problemOf(answer);
    if (problem === null) return [whole, parse(answer)];
    throw new StepFailed({ ...whole, problems: [problem, ...causes(attempt, request)] });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new StepFailed({ ...shown, answer: null, problems: [error.message, ...causes(attempt, request)] });
  }
}

function problemOf(answer: OwnAnswer): string | null {
  if (answer.status !== 200) return `The answer is not 200, but ${answer.status}.`;
  if (answer.isTooLong) return 'The answer is longer than 64 kB. Nobody should read on.';
  return parse(answer) === undefined ? 'The answer is not JSON.' : null;
}

async function askForTokens(attempt: Attempt, code: string): Promise<[Step, string]> {
  const { holds } = triedApis[attempt.api.key].token;
  const request = tokenRequest(attempt, code);
  const [step, answer] = await ask(
    attempt,
    {
      title: 'The application asks for tokens',
      words:
        'It sends the code, and its secret, in a request of its own that no browser sees. A code works once: the same request sent again is refused.',
    },
    request,
  );
  const token = valueAt(answer, holds);
  if (typeof token === 'string' && token !== '') return [step, token];
  const words = `The answer has no text at ${holds}, so there is no access token.`;
  throw new StepFailed({ ...step, problems: [words, ...causes(attempt, request)] });
}

async function askForProfile(attempt: Attempt, token: string): Promise<[Step, Step['facts'] & object]> {
  const { facts, to } = triedApis[attempt.api.key].profile;
  const request = profileRequest(attempt, token);
  const words = `It sends the access token to ${to}.`;
  const [step, answer] = await ask(attempt, { title: 'The application asks who you are', words }, request);
  const found = facts.flatMap(([label, place]): [string, string][] => {
    const value = valueAt(answer, place);
    return typeof value === 'string' || typeof value === 'number' ? [[label, String(value)]] : [];
  });
  const [idLabel, idPlace] = facts[0]!;
  if (found[0]?.[0] === idLabel && found[0][1] !== '') return [step, found];
  const problem = `The answer has no id at ${idPlace}, so nobody is signed in.`;
  throw new StepFailed({ ...step, problems: [problem, ...causes(attempt, request)] });
}

function lastStep({ api }: Attempt, facts: Step['facts'] & object): Step {
  return {
    title: 'Now it knows you',
    words: `The id says who you are: everything else may change. ${triedApis[api.key].note}`,
    facts,
  };
}

/** Does what an application does after the callback, and writes it down. */
export async function writeReport(attempt: Attempt): Promise<Report> {
  const { api } = attempt;
  const steps: Step[] = [];
  try {
    const code = readCode(attempt);
    steps.push(callbackStep(attempt));
    const [tokenStep, token] = await askForTokens(attempt, code);
    steps.push(tokenStep);
    const [profileStep, facts] = await askForProfile(attempt, token);
    steps.push(profileStep, lastStep(attempt, facts));
    const name = facts.find(([label]) => label === 'Name')?.[1] ?? facts[0]![1];
    return { heading: `Signed in at Sandbox ${api.name} as ${name}`, succeeded: true, steps };
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const heading = `The login at Sandbox ${api.name} did not work`;
    return { heading, succeeded: false, steps: [...steps, error.step] };
  }
}

export function apiOf({ api }: TryItLogin): PlayedApi {
  return playedApis.find(({ key }) => key === api)!;
}
