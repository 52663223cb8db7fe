import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { type ErrorCode, LoginError, RequestError } from '../errors.ts';
import { type CheckName, checkOfCode, checks } from './checks.ts';
import { createFlows, type FlowLimits, type Flows, type Viewer } from './flows.ts';
import { createMarks, type Marks } from './marks.ts';
import {
  type ReceivedAnswer,
  type SentRequest,
  toDecodedToken,
  toRedirectMessage,
  toRequestMessage,
  toResponseMessage,
} from './messages.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { type Text, toText } from './text.ts';
import type { CheckResult, Flow, Lane, MessageKind, Purpose, Step, StepKind } from './trace.ts';

/** What is recorded, and for whom. Null in the application when the inspector is off. */
export interface Inspector {
  readonly flows: Flows;
  readonly marks: Marks;
  readonly now: () => number;
  /** The recorder itself has failed. No request hears of it. */
  readonly complain: (error: unknown) => void;
}

export function createInspector(
  now: () => number,
  complain: (error: unknown) => void,
  limits?: FlowLimits,
): Inspector {
  return { flows: createFlows(now, limits), marks: createMarks(), now, complain };
}

/** A request of a browser, as far as it is recorded. */
export interface Visit {
  readonly inspector: Inspector;
  /** The value of its binding cookie. */
  readonly browser: string | null;
  readonly accountId: string | null;
  readonly method: string;
  /** In full, without the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly at: number;
  /** The login that this request starts or continues. */
  login: Recording | null;
  failure: unknown;
  outcome: string | null;
}

/** A flow being recorded. */
interface Recording {
  readonly flow: Flow;
  readonly redactor: Redactor;
  readonly client: RecordedClient;
}

/** What a flow needs to know of the client. */
export interface RecordedClient {
  readonly provider: {
    readonly id: string;
    readonly name: string;
    readonly endpoints: object;
    readonly publicEndpoints?: object;
    readonly trace: { readonly shows: readonly string[] };
  };
  readonly mode: string;
  readonly clientSecret: string | null;
  readonly redirectUri: string;
  readonly scope: readonly string[];
}

interface Scope {
  readonly visit: Visit;
  /** A flow that is no login, begun inside of this request. */
  readonly own: Recording | null;
}

/** Parameters cannot carry it: openid-client calls our fetch by itself. */
const scopes = new AsyncLocalStorage<Scope>();

/** A login goes on in another request, with what its redactor has seen. */
const recordings = new WeakMap<Flow, Recording>();

const mostSteps = 60;
const mostChecks = 120;

/** Does the work of one request, recorded. */
export function recordVisit<Result>(visit: Visit, work: () => Result): Result {
  return scopes.run({ visit, own: null }, work);
}

/** True inside of a flow: for what would be work to find out. */
export function isRecording(): boolean {
  return current() !== null;
}

function current(): Recording | null {
  const scope = scopes.getStore();
  return scope ? (scope.own ?? scope.visit.login) : null;
}

/** Nothing that goes wrong here may reach the login. */
function guarded(inspector: Inspector | undefined, work: () => void): void {
  try {
    work();
  } catch (error) {
    inspector?.complain(error);
  }
}

/** Does something for the flow under way, if there is one. */
function record(work: (recording: Recording, visit: Visit) => void): void {
  const scope = scopes.getStore();
  const recording = scope && (scope.own ?? scope.visit.login);
  if (!recording) return;
  const { inspector } = scope.visit;
  guarded(inspector, () => {
    work(recording, scope.visit);
    inspector.flows.grown(recording.flow);
  });
}

/** 12 letters and digits that cannot be mistaken for each other: `K7Q2-9XFA-M4TD`. */
function newFlowId(): string {
  const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
  const characters = [...randomBytes(12)].map((byte) => alphabet[byte % alphabet.length]).join('');
  return characters.replace(/(.{4})(?=.)/g, '$1-');
}

function beginFlow(
  { inspector, browser, accountId, at }: Visit,
  client: RecordedClient,
  purpose: Purpose,
  more: { readonly browser?: string; readonly scope?: readonly string[]; readonly at?: number } = {},
): Recording {
  const { provider, mode, redirectUri, clientSecret } = client;
  const owner = more.browser ?? browser;
  const flow: Flow = {
    id: newFlowId(),
    purpose,
    provider: { id: provider.id, name: provider.name },
    mode,
    startedAt: more.at ?? at,
    endedAt: null,
    owners: new Set(toViewer(inspector, owner, accountId).filter((who) => who !== null)),
    requestedScope: more.scope ?? client.scope,
    grantedScope: null,
    redirectUri,
    usesSecret: clientSecret !== null,
    steps: [],
    result: { kind: 'waiting' },
    notes: [],
    bytes: 1000,
  };
  inspector.flows.add(flow);
  const { shows } = provider.trace;
  const redactor = createRedactor({ marks: inspector.marks, sandbox: mode === 'sandbox', shows });
  const recording = { flow, client, redactor };
  recordings.set(flow, recording);
  return recording;
}

/** Whom a browser and an account are known as. */
export function toViewer({ marks }: Inspector, browser: string | null, accountId: string | null): Viewer {
  return [browser === null ? null : `browser ${marks.whole(browser)}`, accountId && `account ${accountId}`];
}

interface NewStep {
  readonly kind: StepKind;
  readonly from: Lane;
  readonly to: Lane;
  readonly title: string;
  readonly at: number;
  readonly standsFor?: string | null;
}

function addStep({ flow }: Recording, { standsFor = null, ...step }: NewStep): Step | null {
  if (flow.steps.length >= mostSteps) return null;
  const added: Step = {
    ...step,
    standsFor,
    number: flow.steps.length + 1,
    milliseconds: null,
    request: null,
    response: null,
    status: null,
    trouble: null,
    checks: [],
    decoded: [],
  };
  flow.steps.push(added);
  flow.bytes += 500;
  return added;
}

/** Roughly: what JSON makes of it, two bytes for a character. */
function weigh(flow: Flow, added: unknown): void {
  flow.bytes += 2 * (JSON.stringify(added)?.length ?? 0);
}

// ---- Logins ----------------------------------------------------------------------------------------

export interface StartedLogin {
  readonly intent: Purpose;
  readonly force: boolean;
  readonly scope: readonly string[];
  readonly binding: string;
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
    const { binding: browser, scope } = start;
    const recording = beginFlow(visit, client, start.intent, { browser, scope });
    const { flow } = recording;
    visit.inspector.flows.nameLogin(flow, visit.inspector.marks.whole(start.state));
    visit.login = recording;
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
  readonly provider: RecordedClient['provider'] & { readonly force: object | string };
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
  step.request = toRequestMessage(recording.redactor, {
    method: visit.method,
    url: url.href,
    headers: { ...visit.headers, ...(form.length > 0 ? type : {}) },
    body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString(),
  });
  weigh(recording.flow, step.request);
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
  step.request = toRequestMessage(redactor, { method: 'GET', url: request.href, headers: {} });
  weigh(flow, step.request);
}

/** The address that a provider is known by, where another one stands in for it. */
function publicAddress({ provider }: RecordedClient, url: string): string | null {
  const { endpoints, publicEndpoints } = provider;
  if (!publicEndpoints) return null;
  const bare = (address: string) => address.split('?')[0];
  const name = Object.entries(endpoints).find(([, address]) => bare(String(address)) === bare(url))?.[0];
  return (name && (publicEndpoints as Record<string, string>)[name]) || null;
}

function recordStartChecks(
  recording: Recording,
  { redirectUri, pkce, usesNonce, provider, clientSecret }: RecordedClient & StartFacts,
  { force, nonce, codeVerifier }: StartedLogin,
): void {
  const { redactor } = recording;
  addCheck(recording, 'redirect-uri', 'passed', redactor.sentence(redirectUri));
  const noPkce =
    clientSecret === null
      ? 'not supported by this provider'
      : 'not supported by this provider, or replaced by the client secret';
  const verifier = codeVerifier && redactor.hide('code_verifier', codeVerifier);
  addCheck(
    recording,
    'pkce',
    pkce === null ? 'skipped' : 'passed',
    verifier ? [`method ${pkce}, made from the verifier `, verifier] : [noPkce],
  );
  const sent = nonce && redactor.hide('nonce', nonce);
  addCheck(recording, 'nonce', usesNonce ? 'passed' : 'skipped', sent ? [sent] : ['no ID token brings one']);
  const possible =
    typeof provider.force === 'object' ? 'its parameter is in the request' : 'it has no parameter for it';
  addCheck(recording, 'force', force ? 'passed' : 'skipped', [force ? possible : 'not wished']);
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
  step.response = toRedirectMessage(redactor, null, target);
  step.milliseconds = at - step.at;
  weigh(flow, step.response);
}

/** The request is over: how its answer looked, and how the login stands. */
export function recordVisitEnd(
  visit: Visit,
  answer: { readonly status: number; readonly location: string | null },
): void {
  const { login, inspector } = visit;
  if (!login) return;
  guarded(inspector, () => {
    const begun = login.flow.steps.find(({ kind }) => kind === 'start');
    if (visit.method === 'POST' && begun) answerStart(login, begun, visit, answer.status);
    else endLogin(login, visit, answer);
    inspector.flows.grown(login.flow);
  });
}

function answerStart(login: Recording, step: Step, visit: Visit, status: number): void {
  step.status = status;
  step.milliseconds = visit.inspector.now() - visit.at;
  step.response = toAnswer(login, status, null);
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

function endLogin(
  login: Recording,
  visit: Visit,
  { status, location }: { readonly status: number; readonly location: string | null },
): void {
  const { flow } = login;
  const { inspector, failure, outcome } = visit;
  if (failure) endFailed(login, inspector, failure);
  const title = location === null ? `${status}, a page` : `${status}, to ${location.split('?')[0]}`;
  const step = addStep(login, { kind: 'ending', from: 'app', to: 'browser', title, at: inspector.now() });
  if (step) {
    step.status = status;
    step.response = toAnswer(login, status, location?.split('?')[0] ?? null);
    moveLateChecks(flow, step);
  }
  if (!failure) flow.result = { kind: 'finished', outcome: outcome ?? 'done' };
  flow.endedAt = inspector.now();
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

// ---- Flows that are no login -----------------------------------------------------------------------

/**
 * Does work with a provider, as a flow of its own unless one with this provider is under way. A flow
 * in which nothing was sent is forgotten.
 */
export async function inFlow<Result>(
  purpose: Purpose,
  client: RecordedClient,
  work: () => Promise<Result>,
): Promise<Result> {
  const scope = scopes.getStore();
  if (!scope) return work();
  const { visit } = scope;
  const around = current();
  if (around && around.flow.endedAt === null && around.flow.provider.id === client.provider.id) return work();
  let own: Recording | null = null;
  guarded(visit.inspector, () => {
    own = beginFlow(visit, client, purpose, { at: visit.inspector.now() });
  });
  if (own === null) return work();
  return scopes.run({ visit, own }, () => watched(own!, visit.inspector, work));
}

async function watched<Result>(
  own: Recording,
  inspector: Inspector,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work();
    guarded(inspector, () => endOwn(own, inspector, null));
    return result;
  } catch (error) {
    guarded(inspector, () => endOwn(own, inspector, error));
    throw error;
  }
}

function endOwn(own: Recording, inspector: Inspector, failure: unknown): void {
  const { flow } = own;
  if (flow.steps.length === 0) return inspector.flows.remove(flow);
  flow.endedAt = inspector.now();
  const last = flow.steps.at(-1)!;
  const wrong = last.checks.findLast(({ name, result }) => result === 'failed' && isSevere(name));
  if (failure) endFailed(own, inspector, failure);
  else if (wrong) flow.result = { kind: 'failed', step: last.number, code: null, oauthError: null };
  else flow.result = { kind: 'finished', outcome: flow.purpose };
}

// ---- How a flow fails ------------------------------------------------------------------------------

/** A request has failed: kept for the end of its login. */
export function recordFailure(error: unknown): void {
  const visit = scopes.getStore()?.visit;
  if (visit) visit.failure ??= error;
}

/** What became of the login. */
export function recordOutcome(outcome: string): void {
  const visit = scopes.getStore()?.visit;
  if (visit) visit.outcome = outcome;
}

/** Whose login it turned out to be. */
export function recordAccount(accountId: string): void {
  record(({ flow }, { inspector }) => {
    for (const who of toViewer(inspector, null, accountId)) if (who !== null) flow.owners.add(who);
  });
}

const isSevere = (name: CheckName) => checks[name].severity === 'stops';

function endFailed(recording: Recording, { now }: Inspector, failure: unknown): void {
  const { flow, redactor } = recording;
  const code = codeOf(failure);
  const facts = failure instanceof LoginError ? failure.facts : {};
  if (!findFailed(flow)) {
    const name = failure instanceof LoginError ? checkOfCode[failure.code] : 'our-side';
    const said = facts.providerSaid ?? facts.reason ?? code;
    addCheck(recording, name, 'failed', redactor.sentence(said));
  }
  const step = findFailed(flow)?.number ?? flow.steps.at(-1)?.number ?? 0;
  flow.endedAt = now();
  flow.result =
    code === 'authorization_denied'
      ? { kind: 'refused', step, code }
      : { kind: 'failed', step, code, oauthError: facts.oauthError ?? null };
}

function codeOf(failure: unknown): ErrorCode {
  if (failure instanceof LoginError || failure instanceof RequestError) return failure.code;
  return failure instanceof Error && failure.name === 'StorageError' ? 'store_unavailable' : 'internal';
}

/** The last step with a check that ends a flow. */
function findFailed({ steps }: Flow): Step | undefined {
  return steps.findLast((step) =>
    step.checks.some(({ name, result }) => result === 'failed' && isSevere(name)),
  );
}

// ---- Checks, facts and messages --------------------------------------------------------------------

/** What was found, in words; or a value that stands there as its mark. */
export type Found = string | { readonly name: string; readonly secret: string };

/** A check was made. `found` may be a function where it is work. */
export function recordCheck(
  name: CheckName,
  result: CheckResult | boolean,
  ...found: readonly Found[]
): void {
  record((recording) => {
    const { redactor } = recording;
    const actual = found.flatMap((part) =>
      typeof part === 'string' ? redactor.sentence(part) : [redactor.hide(part.name, part.secret)],
    );
    addCheck(recording, name, toResult(result), toText(actual));
  });
}

const toResult = (result: CheckResult | boolean): CheckResult =>
  result === true ? 'passed' : result === false ? 'failed' : result;

function addCheck({ flow }: Recording, name: CheckName, result: CheckResult, actual: Text): void {
  const kind = checks[name].step;
  const step = flow.steps.findLast((one) => one.kind === kind) ?? flow.steps.at(-1);
  if (!step || flow.steps.reduce((sum, one) => sum + one.checks.length, 0) >= mostChecks) return;
  const check = { name, result, actual };
  step.checks.push(check);
  weigh(flow, check);
}

/** What the provider says that it granted. */
export function recordGrantedScope(granted: readonly string[]): void {
  record(({ flow }) => {
    flow.grantedScope = granted;
  });
}

/** A JWT was read: kept decoded, without its signature. */
export function recordToken(kind: MessageKind, title: string, token: string): void {
  record(({ flow, redactor }) => {
    const step = flow.steps.findLast((one) => one.kind === kind);
    const decoded = step && toDecodedToken(redactor, title, token);
    if (!decoded) return;
    step.decoded.push(decoded);
    weigh(flow, decoded);
  });
}

/** The end of a back-channel message, however it ended. */
export interface RecordedMessage {
  answered(answer: ReceivedAnswer): void;
  failed(reason: string): void;
}

const unrecorded: RecordedMessage = { answered: () => {}, failed: () => {} };

/** A request goes out to the provider. */
export function recordRequest(kind: MessageKind, request: SentRequest): RecordedMessage {
  const scope = scopes.getStore();
  const recording = current();
  if (!scope || !recording) return unrecorded;
  const { inspector } = scope.visit;
  let recorded = unrecorded;
  guarded(inspector, () => {
    recorded = beginMessage(recording, inspector, kind, request);
  });
  return recorded;
}

function beginMessage(
  recording: Recording,
  inspector: Inspector,
  kind: MessageKind,
  request: SentRequest,
): RecordedMessage {
  const { client, redactor, flow } = recording;
  const startedAt = performance.now();
  const known = publicAddress(client, request.url);
  const title = `${request.method} ${new URL(known ?? request.url).pathname}`;
  const at = inspector.now();
  const step = addStep(recording, { kind, from: 'app', to: 'provider', title, standsFor: known, at });
  if (!step) return unrecorded;
  step.request = toRequestMessage(redactor, request);
  weigh(flow, step.request);
  const finish = (work: () => void) =>
    guarded(inspector, () => {
      step.milliseconds = Math.round(performance.now() - startedAt);
      work();
      inspector.flows.grown(flow);
    });
  const check = (name: CheckName, result: boolean, actual: string) =>
    void step.checks.push({ name, result: toResult(result), actual: redactor.sentence(actual) });
  return {
    answered: (answer) =>
      finish(() => {
        step.status = answer.status;
        step.response = toResponseMessage(redactor, answer);
        weigh(flow, step.response);
        check('answer', true, `after ${step.milliseconds} ms`);
        check('status', answer.status >= 200 && answer.status < 300, String(answer.status));
        checkClock(answer, check);
      }),
    failed: (reason) =>
      finish(() => {
        step.trouble = reason;
        check('answer', false, reason);
      }),
  };
}

/** HTTP's own date, by the clock of this machine: both are about true time. */
function checkClock(
  { headers }: ReceivedAnswer,
  check: (name: CheckName, result: boolean, actual: string) => void,
): void {
  const theirs = Date.parse(headers['date'] ?? '');
  if (Number.isNaN(theirs)) return;
  const seconds = Math.round((theirs - Date.now()) / 1000);
  const words = `${Math.abs(seconds)} seconds ${seconds < 0 ? 'behind' : 'ahead'}`;
  check('clock', Math.abs(seconds) <= 30, Math.abs(seconds) < 2 ? 'the same time' : words);
}

/** The flow of this request, for a link to it; null when there is none. */
export function currentLogin(): Flow | null {
  return scopes.getStore()?.visit.login?.flow ?? null;
}
