import { addCheck, addStep, keepIn, publicAddress } from './building.ts';
import type { CheckName } from './checks.ts';
import {
  type ReceivedAnswer,
  type SentRequest,
  toDecodedToken,
  toRequestMessage,
  toResponseMessage,
} from './messages.ts';
import { current, guarded, type Inspector, type Recording, record, scopes } from './scope.ts';
import { toText } from './text.ts';
import type { CheckResult, MessageKind } from './trace.ts';

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
    step.decoded.push(keepIn(flow, decoded));
  });
}

/** The end of a back-channel message, however it ended. */
export interface RecordedMessage {
  answered(answer: ReceivedAnswer): void;
  failed(reason: string): void;
  /** It was not sent at all, because … */
  unsent(because: string): void;
}

const unrecorded: RecordedMessage = { answered: () => {}, failed: () => {}, unsent: () => {} };

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
  step.request = keepIn(flow, toRequestMessage(redactor, request));
  const finish = (work: () => void) =>
    guarded(inspector, () => {
      step.milliseconds = Math.round(performance.now() - startedAt);
      work();
      inspector.flows.grown(flow);
    });
  const check = (name: CheckName, result: boolean, actual: string) => {
    step.checks.push({ name, result: toResult(result), actual: redactor.sentence(actual) });
  };
  return {
    answered: (answer) =>
      finish(() => {
        step.status = answer.status;
        step.response = keepIn(flow, toResponseMessage(redactor, answer));
        check('answer', true, `after ${step.milliseconds} ms`);
        if (!isTrial(kind))
          check('status', answer.status >= 200 && answer.status < 300, String(answer.status));
        checkClock(answer, check);
      }),
    failed: (reason) =>
      finish(() => {
        step.trouble = reason;
        check('answer', false, reason);
      }),
    unsent: (because) =>
      finish(() => {
        step.unsent = because;
        check('sent', false, because);
      }),
  };
}

/** What a trial is answered is judged by whoever sent it: a refusal may be just what is right. */
const isTrial = (kind: MessageKind) => kind === 'trial-authorization' || kind === 'trial-token';

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
