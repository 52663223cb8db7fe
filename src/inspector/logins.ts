import { addCheck, addStep, beginFlow, keepIn, publicAddress } from './building.ts';
import type { CheckName } from './checks.ts';
import { endFailed } from './failures.ts';
import { toRedirectMessage, toRequestMessage, toResponseMessage } from './messages.ts';
import { guarded, type RecordedClient, type Recording, scopes, toViewer, type Visit } from './scope.ts';
import type { Flow, Purpose, Step, StepKind } from './trace.ts';

/** A login goes on in another request, with what its redactor has seen; until it has ended. */
const recordings = new WeakMap<Flow, Recording>();

export interface StartedLogin {
  readonly intent: Purpose;
  readonly force: boolean;
  readonly scope: readonly string[];
  /** The value of the browser-binding cookie. */
  readonly browser: string;
  readonly state: string;
  readonly nonce: string | null;
  readonly codeVerifier: string | null;
  readonly authorizationRequest: URL;
}

/** A login begins: the form that was sent, and where the browser goes now. */
export function recordLoginStart(client: RecordedClient & StartFacts, start: StartedLogin): void {
  const visit = scopes.getStore()?.visit;
  if (!visit) return;
  guarded(visit.inspector, () => {
    const { browser, scope } = start;
    const recording = beginFlow(visit, client, start.intent, { browser, scope });
    const { flow } = recording;
    visit.inspector.flows.nameLogin(flow, visit.inspector.marks.whole(start.state));
    visit.login = recording;
    recordings.set(flow, recording);
    addVisitStep(recording, visit, 'start', [
      ['intent', start.intent],
      ['force', String(start.force)],
    ]);
    addCheck(recording, 'same-origin', 'passed', [visit.headers['sec-fetch-site'] ?? 'our own Origin']);
    addAuthorizationStep(recording, visit, start.authorizationRequest);
    recordStartChecks(recording, client, start);
  });
}

/** What of a client decides how a login starts. */
interface StartFacts {
  readonly pkce: string | null;
  readonly usesNonce: boolean;
  readonly provider: RecordedClient['provider'] & {
    readonly force: object | string;
    readonly pkce: string | null;
  };
}

function addVisitStep(
  recording: Recording,
  visit: Visit,
  kind: StepKind,
  form: readonly (readonly [string, string])[],
  query?: URLSearchParams,
): void {
  const url = new URL(visit.url);
  if (query) url.search = query.toString();
  const title = `${visit.method} ${url.pathname}`;
  const step = addStep(recording, { kind, from: 'browser', to: 'app', title, at: visit.at });
  if (!step) return;
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  step.request = keepIn(
    recording.flow,
    toRequestMessage(recording.redactor, {
      method: visit.method,
      url: url.href,
      headers: { ...visit.headers, ...(form.length > 0 ? type : {}) },
      body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString(),
    }),
  );
}

function addAuthorizationStep(recording: Recording, { inspector }: Visit, request: URL): void {
  const { client, redactor, flow } = recording;
  const known = publicAddress(client, request.href);
  const step = addStep(recording, {
    kind: 'authorization',
    from: 'browser',
    to: 'provider',
    title: `GET ${new URL(known ?? request.href).pathname}`,
    standsFor: known,
    at: inspector.now(),
  });
  if (!step) return;
  step.request = keepIn(flow, toRequestMessage(redactor, { method: 'GET', url: request.href, headers: {} }));
}

function recordStartChecks(
  recording: Recording,
  { redirectUri, pkce, usesNonce, provider }: RecordedClient & StartFacts,
  { force, nonce, codeVerifier }: StartedLogin,
): void {
  const { redactor } = recording;
  addCheck(recording, 'redirect-uri', 'passed', redactor.sentence(redirectUri));
  const noPkce =
    provider.pkce === null ? 'not supported by this provider' : 'the client secret stands in its place';
  const verifier = codeVerifier && redactor.hide('code_verifier', codeVerifier);
  addCheck(
    recording,
    'pkce',
    pkce === null ? 'skipped' : 'passed',
    verifier ? [`method ${pkce}, made from the verifier `, verifier] : [noPkce],
  );
  const sent = nonce && redactor.hide('nonce', nonce);
  addCheck(recording, 'nonce', usesNonce ? 'passed' : 'skipped', sent ? [sent] : ['no ID token brings one']);
  const forces = force && typeof provider.force === 'object';
  const asked = forces ? 'its parameter is in the request' : 'it has no parameter for it';
  addCheck(recording, 'force', forces ? 'passed' : 'skipped', [force ? asked : 'not wished']);
}

/** The browser has come back. What it brought belongs to the login whose state it carries. */
export function recordCallback(client: RecordedClient | null, query: URLSearchParams): void {
  const visit = scopes.getStore()?.visit;
  if (!visit || visit.login) return;
  guarded(visit.inspector, () => {
    const found = findLogin(visit, query.get('state'));
    const known = client ?? null;
    if (!found && !known) return;
    visit.login = found?.open ?? (known ? beginUnknown(visit, known, found?.ended ?? null) : null);
    if (!visit.login) return;
    answerAuthorization(visit.login, visit, query);
    addVisitStep(visit.login, visit, 'callback', [], query);
  });
}

/** The login that a state was given to: still open, or the flow that has used it up. */
function findLogin(
  { inspector, browser }: Visit,
  state: string | null,
): { open: Recording | null; ended: Flow | null } | null {
  const [owner] = toViewer(inspector, browser, null);
  if (!state || !owner) return null;
  const flow = inspector.flows.findLogin(inspector.marks.whole(state), owner);
  if (!flow) return null;
  return flow.endedAt === null
    ? { open: recordings.get(flow) ?? null, ended: null }
    : { open: null, ended: flow };
}

function beginUnknown(visit: Visit, client: RecordedClient, ended: Flow | null): Recording {
  const recording = beginFlow(visit, client, ended?.purpose ?? 'sign-in');
  recording.flow.notes.push(
    ended
      ? `The state belongs to a login that has ended already: ${ended.id}.`
      : 'The beginning is missing: it was on another node, before a restart, in another browser, or never.',
  );
  return recording;
}

/** The provider's answer came through the browser, with its redirect. */
function answerAuthorization(
  { flow, redactor }: Recording,
  { at, url }: Visit,
  query: URLSearchParams,
): void {
  const step = flow.steps.findLast(({ kind }) => kind === 'authorization');
  if (!step) return;
  const target = new URL(url);
  target.search = query.toString();
  step.response = keepIn(flow, toRedirectMessage(redactor, null, target));
  step.milliseconds = at - step.at;
}

/** Nobody waits for the answer any more. What the request was to do goes on. */
export function recordBrowserGone({ login, inspector }: Visit): void {
  if (!login) return;
  guarded(inspector, () => void login.flow.notes.push('The browser went away before it had its answer.'));
}

interface Answer {
  readonly status: number;
  readonly location: string | null;
}

/** The request is over: how its answer looked, and how the login stands. Null when the browser has gone. */
export function recordVisitEnd(visit: Visit, answer: Answer | null): void {
  const { login, inspector } = visit;
  if (!login) return;
  guarded(inspector, () => {
    const begun = login.flow.steps.find(({ kind }) => kind === 'start');
    if (visit.method === 'POST' && begun) answerStart(login, begun, visit, answer);
    else endLogin(login, visit, answer);
    inspector.flows.grown(login.flow);
  });
}

function answerStart(login: Recording, step: Step, visit: Visit, answer: Answer | null): void {
  if (answer) {
    step.status = answer.status;
    step.milliseconds = visit.inspector.now() - visit.at;
    step.response = keepIn(login.flow, toAnswer(login, answer.status, null));
  }
  if (visit.failure) endFailed(login, visit.inspector, visit.failure);
}

function toAnswer({ redactor }: Recording, status: number, location: string | null) {
  const headers = location === null ? {} : { location };
  const answer = toResponseMessage(redactor, { status, headers: {}, text: '' });
  return {
    ...answer,
    headers: Object.entries(headers).map(([name, value]) => ({ name, value: redactor.sentence(value) })),
  };
}

function endLogin(login: Recording, visit: Visit, answer: Answer | null): void {
  const { flow } = login;
  const { inspector, failure, outcome } = visit;
  if (failure) endFailed(login, inspector, failure);
  if (answer) addEnding(login, visit, answer);
  if (!failure) flow.result = { kind: 'finished', outcome: outcome ?? 'done' };
  flow.endedAt = inspector.now();
  recordings.delete(flow);
}

function addEnding(login: Recording, { inspector }: Visit, { status, location }: Answer): void {
  const title = location === null ? `${status}, a page` : `${status}, to ${location.split('?')[0]}`;
  const step = addStep(login, { kind: 'ending', from: 'app', to: 'browser', title, at: inspector.now() });
  if (!step) return;
  step.status = status;
  step.response = keepIn(login.flow, toAnswer(login, status, location?.split('?')[0] ?? null));
  moveLateChecks(login.flow, step);
}

/** Checks of no message at all were made just before the ending. */
function moveLateChecks({ steps, result }: Flow, ending: Step): void {
  if (result.kind !== 'waiting') return;
  for (const step of steps) {
    const late = step.checks.filter(({ name }) => lateChecks.has(name));
    for (const check of late) step.checks.splice(step.checks.indexOf(check), 1);
    ending.checks.push(...late);
  }
}

const lateChecks: ReadonlySet<CheckName> = new Set<CheckName>(['still-signed-in', 'account', 'session']);
