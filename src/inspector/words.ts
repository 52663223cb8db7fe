import { http, jwk, oauth2, openId, ours, revocation, type Source } from './sources.ts';
import type { Flow, FlowResult, Lane, Purpose, Step, StepKind } from './trace.ts';

export const purposeWords: Readonly<Record<Purpose, string>> = {
  'sign-in': 'Sign in',
  link: 'Link',
  switch: 'Switch',
  ask: 'Ask again',
  reauthenticate: 'Confirm who it is',
  renew: 'Renew',
  validate: 'Validate',
  read: 'Read profile',
  revoke: 'Give access back',
  check: 'Check the setup',
};

/** What a flow is called after the provider's name: `Twitch sign-in`. */
const purposeNouns: Readonly<Record<Purpose, string>> = {
  'sign-in': 'sign-in',
  link: 'link',
  switch: 'switch',
  ask: 'request for permissions',
  reauthenticate: 'confirmation',
  renew: 'renewal',
  validate: 'validation',
  read: 'profile reading',
  revoke: 'revocation',
  check: 'check',
};

export function flowName({ provider, purpose }: Flow): string {
  return `${provider.name} ${purposeNouns[purpose]}`;
}

export function laneName(lane: Lane, { provider }: Pick<Flow, 'provider'>): string {
  const names = { phone: 'Phone', browser: 'Browser', app: 'Latchkey' };
  return lane === 'provider' ? provider.name : names[lane];
}

interface StepFacts {
  /** What happens here, in a sentence. */
  readonly words: (name: string) => string;
  readonly source: Source;
}

const table: Readonly<Record<StepKind, StepFacts>> = {
  start: {
    words: (name) =>
      `A button was pressed here. We made a state and answered with a page that leads to ${name}.`,
    source: ours('docs/decisions/006-hand-off-page-instead-of-redirect.md'),
  },
  authorization: {
    words: (name) => `The browser went to ${name}, which asks the person and sends the browser back.`,
    source: oauth2('4.1.1'),
  },
  callback: { words: (name) => `The browser came back from ${name}.`, source: oauth2('4.1.2') },
  token: { words: (name) => `We asked ${name} to change the code into tokens.`, source: oauth2('4.1.3') },
  refresh: { words: (name) => `We asked ${name} for a new access token.`, source: oauth2('6') },
  keys: {
    words: (name) => `We asked ${name} for the public keys that its ID tokens are signed with.`,
    source: jwk('5'),
  },
  userinfo: {
    words: (name) => `We asked ${name} whose token it is.`,
    source: openId('5.3', 'UserInfo'),
  },
  validation: {
    words: (name) => `We asked ${name} whether the access token still stands, and whose it is.`,
    source: oauth2('7'),
  },
  revocation: {
    words: (name) => `We told ${name} that a token is no longer needed.`,
    source: revocation('2.1'),
  },
  'trial-authorization': {
    words: (name) =>
      `We sent ${name} the request that a browser brings, to see what it says to it. Nothing was followed.`,
    source: oauth2('4.1.1'),
  },
  'trial-token': {
    words: (name) => `We sent ${name} a made-up code, to see whether it refuses the code or us.`,
    source: oauth2('4.1.3'),
  },
  ending: { words: () => 'We answered the browser.', source: http('15') },
};

export const stepSource = (kind: StepKind): Source => table[kind].source;

/** The message of a login that a message is like, for what the provider does differently there. */
export function likeOfLogin(kind: StepKind): StepKind {
  if (kind === 'trial-authorization') return 'authorization';
  return kind === 'trial-token' ? 'token' : kind;
}

export function stepWords(step: Step, { provider, mode }: Flow): string {
  const words = table[step.kind].words(provider.name);
  const played = mode === 'sandbox' && step.to === 'provider' ? ' The sandbox answers in its place.' : '';
  if (step.unsent) return `Nothing was sent to ${provider.name}, because ${step.unsent}.`;
  if (step.trouble) return `${words} No answer came that could be read.${played}`;
  if (step.status !== null && step.status >= 400 && step.to === 'provider') {
    return `${words} It said no (${step.status}).${played}`;
  }
  return `${words}${played}`;
}

/** The result in a few words, for a tag. A login that nobody has finished is given up some day. */
export function flowResultWords(result: FlowResult, over: boolean): string {
  switch (result.kind) {
    case 'finished':
      return 'Finished';
    case 'refused':
      return 'Refused by you';
    case 'failed':
      return `Failed at step ${result.step}`;
    case 'waiting':
      return over ? 'Given up' : 'Waiting';
  }
}
