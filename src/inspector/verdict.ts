import type { ErrorCode } from '../errors.ts';
import { type CheckName, checks, noneCame } from './checks.ts';
import { toPlainText } from './text.ts';
import type { Check, Flow, Step } from './trace.ts';

interface Case {
  readonly flow: Flow;
  readonly name: string;
  readonly step: Step | null;
  /** ` (403)`, or nothing without an answer. */
  readonly status: string;
  /** `TWITCH_`: what the provider's variables begin with. */
  readonly prefix: string;
  readonly oauthError: string | null;
}

/** Why a flow failed, and what to do about it. The compiler wants one sentence for each code. */
const reasons: Readonly<Record<ErrorCode, (at: Case) => string>> = {
  state_unknown: () =>
    'we do not know this state. It was never given out, to another browser, or more than an hour ago.',
  state_expired: () => 'the login took longer than ten minutes. Start again.',
  state_used: () => 'this state was used already. Back or reload sends the same callback again.',
  session_changed: () => 'whoever started is not signed in here any more.',
  no_cookie: () => 'the browser sent no cookie of ours. Open the site under the name that BASE_URL has.',
  authorization_denied: ({ name }) => `${name} told us that access was not allowed.`,
  authorization_refused: ({ name }) => `${name} sent the browser back with an error of its own.`,
  redirect_mismatch: ({ name, flow }) =>
    `${name} does not know our return address. Register ${flow.redirectUri} there.`,
  authorization_response_invalid: ({ name }) =>
    `the callback does not fit what we asked ${name}: something is missing, doubled, or of somebody else.`,
  provider_unreachable: (at) => toUnsent(at) ?? `${at.name} gave no answer that could be used${at.status}.`,
  provider_busy: (at) => toUnsent(at) ?? `${at.name} asks us to wait (429).`,
  token_request_refused: toRefusal,
  token_response_invalid: ({ name }) => `the token response of ${name} is not what the standard says.`,
  id_token_invalid: (at) =>
    toNamedCheck(at) ?? `the ID token of ${at.name} does not prove that it was made for this login.`,
  userinfo_request_refused: ({ name, status }) =>
    `${name} refused to give the profile${status}. The access is over, or does not reach that far.`,
  userinfo_response_invalid: (at) =>
    toNamedCheck(at) ?? `the profile of ${at.name} does not say for certain who it is.`,
  clock_differs: ({ name }) =>
    `${name} refused a request that was signed at a wrong time. Set the clock of this machine.`,
  identity_already_linked: ({ name }) => `this ${name} account belongs to another account here.`,
  identity_changed: ({ name }) => `another ${name} account came back than the one that is linked here.`,
  last_identity: ({ name }) => `${name} is the only way in.`,
  reauthentication_needed: () => 'the last sign-in was too long ago.',
  access_ended: ({ name }) => `${name} says that our access is over.`,
  provider_closed: ({ name }) => `${name} has closed.`,
  provider_not_configured: ({ name }) => `${name} is not set up here.`,
  cross_origin: () => 'the request did not come from a page of ours.',
  not_signed_in: () => 'nobody is signed in here.',
  decision_expired: () => 'there was nothing to decide any more.',
  change_under_way: () => 'another change of the account was under way.',
  not_found: () => 'what it was about is not there.',
  flow_not_kept: () => 'the flow is not kept any more, or belongs to somebody else.',
  request_too_large: () => 'the request is larger than any of ours.',
  rate_limited: () => 'more came from there than is taken in a minute.',
  malformed_request: () => 'the request could not be read.',
  unknown_host: () => 'the site was opened under another name than that of BASE_URL.',
  store_unavailable: () => 'our own storage did not answer.',
  internal: () => 'something is wrong on our side. The log has the place.',
};

function toUnsent({ name, step }: Case): string | null {
  return step?.unsent ? `nothing was sent to ${name}, because ${step.unsent}.` : null;
}

/** Where the sentence of the code would say something else than what has failed. */
const named: readonly CheckName[] = ['id-token', 'id-token-exp', 'request-id', 'integrity'];

function toNamedCheck({ flow }: Case): string | null {
  const check = failedCheck(flow);
  if (!check || !named.includes(check.name)) return null;
  // One that came may be right: the key set can have been what nobody could read.
  if (check.name === 'id-token' && toPlainText(check.actual) !== noneCame) return null;
  return toReasonOfCheck(flow);
}

/** RFC 6749 5.2: what each error of the token endpoint means to whoever runs the site. */
function toRefusal({ name, status, prefix, oauthError, flow }: Case): string {
  if (oauthError === 'invalid_client' || oauthError === 'unauthorized_client') {
    const [what, variable] = flow.usesSecret ? ['secret', 'CLIENT_SECRET'] : ['id', 'CLIENT_ID'];
    return `${name} refused our client ${what}${status}. Check ${prefix}${variable}.`;
  }
  if (oauthError === 'invalid_grant' && flow.steps.some(({ kind }) => kind === 'refresh'))
    return `${name} says that the refresh token is over${status}. Link ${name} again.`;
  if (oauthError === 'invalid_grant')
    return `${name} refused the code or its verifier${status}. Codes last only a short time and work once.`;
  return `${name} refused our request${status}.`;
}

/** The verdict, before the colon in bold: `Failed at step 5`. */
export interface Verdict {
  readonly heading: string;
  readonly reason: string;
  readonly kind: 'ok' | 'warn' | 'bad' | 'plain';
  /** The step that it speaks of. */
  readonly step: number | null;
}

const outcomes: Readonly<Record<string, (name: string) => string>> = {
  'create-account': (name) => `signed in with ${name}, and a new account was made.`,
  'sign-in': (name) => `signed in with ${name}, to the account that it belongs to.`,
  reauthenticate: (name) => `${name} has confirmed who it is.`,
  link: (name) => `the ${name} account is linked.`,
  renew: (name) => `${name} is linked as before, with new tokens.`,
  'ask-to-replace': (name) => `another ${name} account came back. Nothing is changed before you decide.`,
  'ask-about-conflict': (name) =>
    `the ${name} account belongs to another account here. Nothing is changed before you decide.`,
  validate: (name) => `${name} says that the access token stands.`,
  read: (name) => `the profile was read at ${name}.`,
  check: (name) => `nothing is wrong, as far as can be seen without signing in at ${name}.`,
  revoke: (name) => `${name} confirmed that the tokens are gone.`,
};

export function toVerdict(flow: Flow, over: boolean): Verdict {
  const { result, provider } = flow;
  const { name } = provider;
  switch (result.kind) {
    case 'waiting':
      return toUnfinished(flow, over);
    case 'finished': {
      const reason = outcomes[result.outcome]?.(name) ?? 'nothing went wrong.';
      return { heading: 'Finished', reason, kind: 'ok', step: null };
    }
    case 'refused':
      return {
        heading: 'Refused by you',
        reason: reasons[result.code](toCase(flow)),
        kind: 'warn',
        step: result.step,
      };
    case 'failed':
      return {
        heading: `Failed at step ${result.step}`,
        reason: result.code === null ? toReasonOfCheck(flow) : reasons[result.code](toCase(flow)),
        kind: 'bad',
        step: result.step,
      };
  }
}

/** Not over: it waits for the browser to come back, or for an answer to what was sent. */
function toUnfinished(flow: Flow, over: boolean): Verdict {
  const { name } = flow.provider;
  const rest = { kind: 'plain', step: null } as const;
  if (!flow.steps.some(({ kind }) => kind === 'authorization'))
    return { ...rest, heading: 'Waiting', reason: `for the answer of ${name}.` };
  const advice = toAdviceOnPages(flow);
  return over
    ? {
        ...rest,
        heading: 'Given up',
        reason: `the browser has not come back from ${name} in ten minutes. ${advice}`,
      }
    : { ...rest, heading: 'Waiting', reason: `for the browser to come back from ${name}. ${advice}` };
}

/** A request that the provider does not like ends on a page there, which nobody tells us of. */
function toAdviceOnPages(flow: Flow): string {
  const { name, prefix } = toCase(flow);
  return `If ${name} shows an error page of its own, look at ${prefix}CLIENT_ID, ${prefix}SCOPES and the return address.`;
}

/** The verdict as one sentence. */
export function verdictSentence({ heading, reason }: Verdict): string {
  return `${heading}: ${reason}`;
}

function failedStep({ result, steps }: Flow): Step | null {
  const number = 'step' in result ? result.step : 0;
  return steps.find((step) => step.number === number) ?? null;
}

function toCase(flow: Flow): Case {
  const { provider, result } = flow;
  const step = failedStep(flow);
  return {
    flow,
    name: provider.name,
    step,
    status: step?.status ? ` (${step.status})` : '',
    prefix: `${provider.id.toUpperCase()}_`,
    oauthError: result.kind === 'failed' ? result.oauthError : null,
  };
}

function failedCheck(flow: Flow): Check | undefined {
  return failedStep(flow)?.checks.findLast(
    ({ name, result }) => result === 'failed' && checks[name].severity === 'stops',
  );
}

/** What the check says that did not hold. */
function toReasonOfCheck(flow: Flow): string {
  const check = failedCheck(flow);
  if (!check) return 'a check did not hold.';
  const { title, expected, explains } = checks[check.name];
  if (explains) return toPlainText(check.actual);
  return `${title}: expected ${expected}, found ${toPlainText(check.actual)}.`;
}
