import type { ErrorCode, LoginError, LoginErrorFacts } from '../errors.ts';
import { transactionMinutes } from '../login/transaction.ts';
import { closingSentence } from '../providers/index.ts';
import type { Context, ServiceInUse } from './context.ts';
import { toTimeWords } from './time-words.ts';
import { forceFields } from './ways-in.ts';

/** What the words of an error can name. */
export interface Situation {
  readonly context: Context;
  /** The provider's name, or `the service` when none is known. */
  readonly name: string;
  readonly service: ServiceInUse | null;
  readonly facts: Readonly<LoginErrorFacts>;
  readonly signedIn: boolean;
}

export type Button =
  | 'again'
  | 'confirm'
  | 'choose'
  | 'profile'
  | 'home'
  | 'flows'
  | 'sign-in'
  | 'cookies'
  | 'reload'
  | 'base-url';

export interface Words {
  readonly status: number;
  readonly heading: string;
  readonly reason: string;
  readonly buttons: readonly Button[];
  /** The button that starts again, where it says or does more than that. */
  readonly again?: { readonly label: string; readonly fields?: Readonly<Record<string, string>> };
}

const nothing = 'Nothing was changed.';
/** For what may have stopped half-way. */
const saved = 'Nothing that was saved is lost.';

/** The words of every situation, once. The compiler wants one entry for each code. */
export const errorWords: Record<ErrorCode, (situation: Situation) => Words> = {
  state_unknown: () => ({
    status: 400,
    heading: 'We do not know this sign-in',
    reason: `It was started in another browser or on another address, or the link was not from us. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  state_expired: () => ({
    status: 400,
    heading: 'That took too long',
    reason: `For safety a sign-in must be finished within ${transactionMinutes} minutes. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  state_used: () => ({
    status: 400,
    heading: 'This sign-in was already finished',
    reason: 'You may have pressed Back or reloaded the page. Nothing more was changed.',
    buttons: ['profile', 'again'],
  }),
  session_changed: ({ name }) => ({
    status: 409,
    heading: 'You are not signed in as before',
    reason: `Since you left for ${name}, you signed out here or signed in to another account. ${nothing}`,
    buttons: ['profile', 'choose'],
  }),
  no_cookie: () => ({
    status: 400,
    heading: 'Your browser did not keep our cookie',
    reason: `Without it we cannot tell that it was you who started. Allow cookies for this site and start again. ${nothing}`,
    buttons: ['again', 'cookies'],
  }),
  authorization_denied: ({ name, service }) => ({
    status: 200,
    heading: service?.provider.words.denied ? `You closed the request in ${name}` : `You said no at ${name}`,
    reason: `${service?.provider.words.denied?.reason ?? `${name} told us that you did not allow access.`} ${nothing}`,
    buttons: ['again', 'choose'],
    ...(service?.provider.words.denied ? { again: { label: service.provider.words.denied.again } } : {}),
  }),
  authorization_refused: ({ name }) => ({
    status: 502,
    heading: `${name} did not let us in`,
    reason: `${name} ended the sign-in for a reason of its own. Trying again may help; if not, tell the person who runs this site. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  redirect_mismatch: ({ name }) => ({
    status: 502,
    heading: `${name} does not know our return address`,
    reason: `The person who runs this site has to add it at ${name}. ${nothing}`,
    buttons: ['choose'],
  }),
  authorization_response_invalid: ({ name }) => ({
    status: 400,
    heading: `The answer from ${name} does not fit`,
    reason: `Something in it was missing, doubled, or meant for another service. We stopped to be safe. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  provider_unreachable: ({ name, facts, context }) => ({
    status: 503,
    heading: `${name} is not answering`,
    reason:
      facts.failingSince === undefined
        ? `We stopped waiting. ${nothing}`
        : `It has been failing since ${toTimeWords(facts.failingSince, context.now()).words}, so we did not ask it again just now. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  provider_busy: (situation) =>
    situation.facts.unsent === 'too-many' ? tooManyAtOnce(situation) : toldToWait(situation),
  token_request_refused: (situation) => wordsOfRefusal(situation)(situation),
  token_response_invalid: ({ name }) => ({
    status: 502,
    heading: `${name} answered in a way we do not understand`,
    reason: `We stopped to be safe. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  id_token_invalid: ({ name }) => ({
    status: 502,
    heading: `We could not check the answer from ${name}`,
    reason: `Its signed part does not prove that the answer was made for this sign-in. We stopped to be safe. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  userinfo_request_refused: ({ name, service }) => ({
    status: 200,
    heading: `We are in, but ${name} gave us no profile`,
    reason: `Reading the profile is the one permission we cannot do without. ${nothing}`,
    buttons: ['again', 'choose'],
    // What was agreed to before would not be asked for again.
    again: { label: `Ask ${name} again`, fields: service ? forceFields(service.provider) : {} },
  }),
  userinfo_response_invalid: ({ name }) => ({
    status: 502,
    heading: `${name} sent a profile we cannot read`,
    reason: `It does not say for certain who you are there. We stopped to be safe. ${nothing}`,
    buttons: ['again', 'choose'],
  }),
  clock_differs: ({ name }) => ({
    status: 502,
    heading: `Our clock and that of ${name} do not agree`,
    reason: `${name} refuses what is signed at the wrong time. The person who runs this site has to set the clock. ${nothing}`,
    buttons: ['choose'],
  }),
  identity_already_linked: ({ name, facts }) => ({
    status: 409,
    heading: `This ${name} account is linked to another account here`,
    reason: `${facts.displayName ?? 'It'} is already used by another account here, so we did not link it. To use that one, sign out and sign in with ${name}. ${nothing}`,
    buttons: ['profile'],
  }),
  reauthentication_needed: ({ context, facts }) => ({
    status: 403,
    heading: 'Confirm that it is you',
    reason: `What you want to do changes how this account is reached, and your last sign-in was more than ${toMinutes(context.config.reauthenticationMilliseconds / 1000)} ago. Sign in once more with ${facts.ways?.length === 1 ? 'the account' : 'an account'} that is linked here; then you go on where you were. ${nothing}`,
    buttons: ['confirm', 'profile'],
  }),
  access_ended: ({ name }) => ({
    status: 401,
    heading: `${name} ended our access, so you are signed out`,
    reason: `${name} says that this site may no longer act for you. This happens after a password change or when you disconnect the app there. Nothing that is linked here was changed.`,
    buttons: ['again', 'choose'],
  }),
  identity_changed: ({ name, facts }) => ({
    status: 409,
    heading: `You came back as another ${name} account`,
    reason: `${facts.displayName ? `${facts.displayName} is` : 'It is'} not the one that is linked here. ${nothing}`,
    buttons: ['profile', 'again'],
  }),
  last_identity: ({ name }) => ({
    status: 409,
    heading: `${name} is your only way in`,
    reason: `Without it you could not sign in any more. Link another account first. ${nothing}`,
    buttons: ['profile'],
  }),
  provider_closed: ({ name, service }) => ({
    status: 410,
    heading: (service && closingSentence(service.provider)?.replace(/\.$/, '')) ?? `${name} has closed`,
    reason: `Sign-in with ${name} no longer exists. Accounts that used it can be reached with another linked service. ${nothing}`,
    buttons: ['choose'],
  }),
  provider_not_configured: ({ name }) => ({
    status: 404,
    heading: `This site does not offer ${name}`,
    reason: `It is not set up here. ${nothing}`,
    buttons: ['choose'],
  }),
  cross_origin: () => ({
    status: 403,
    heading: 'This request did not come from our own page',
    reason: `${nothing} Go to the page and press the button there.`,
    buttons: ['profile', 'home'],
  }),
  not_signed_in: () => ({
    status: 401,
    heading: 'Sign in again',
    reason: 'You are not signed in, or were signed out. We kept the page you wanted.',
    buttons: ['sign-in'],
  }),
  decision_expired: () => ({
    status: 410,
    heading: 'There is nothing to decide any more',
    reason: `You decided already, or it is more than ${transactionMinutes} minutes ago. ${nothing}`,
    buttons: ['profile'],
  }),
  change_under_way: () => ({
    status: 409,
    heading: 'Another change is under way',
    reason: `Your account is being changed from another page or device right now. Try again in a moment. ${nothing}`,
    buttons: ['profile'],
  }),
  not_found: () => ({
    status: 404,
    heading: 'Page not found',
    reason: `There is no page at this address. Perhaps there was one: a form that was sent before, or something that has ended since. Or there is a slip in it. ${nothing}`,
    buttons: ['home'],
  }),
  flow_not_kept: () => ({
    status: 404,
    heading: 'This flow is not kept any more, or is not yours',
    reason: `A flow is kept for an hour at most, by the process that saw it, and gone when that starts anew. You see only your own. ${nothing}`,
    buttons: ['flows', 'home'],
  }),
  malformed_request: () => ({
    status: 400,
    heading: 'We cannot read this request',
    reason: `Something in it is missing, doubled, or not written as our own forms write it. ${nothing}`,
    buttons: ['home'],
  }),
  request_too_large: () => ({
    status: 413,
    heading: 'This request is too large',
    reason: `It holds more than any form of ours sends. If you opened a page and see this, delete the cookies of this site and open it again. ${nothing}`,
    buttons: ['home'],
  }),
  rate_limited: ({ facts }) => ({
    status: 429,
    heading: 'Too many tries',
    reason: `More came from this browser, or from your network, than we take in a minute. Wait ${toSeconds(facts.retryAfterSeconds ?? 60)}, then try again. Nothing was lost.`,
    buttons: ['reload'],
  }),
  unknown_host: ({ context }) => ({
    status: 421,
    heading: 'This site has another address',
    reason: `Its address is ${context.config.baseUrl}. Signing in would fail here, because cookies belong to one name only. ${nothing}`,
    buttons: ['base-url'],
  }),
  store_unavailable: () => ({
    status: 503,
    heading: 'Sorry, we cannot reach our own storage',
    reason: `You are not signed out. ${saved} Try again in a minute.`,
    buttons: ['reload'],
  }),
  internal: () => ({
    status: 500,
    heading: 'Sorry, there is a problem',
    reason: `It is on our side. ${saved} Try again later.`,
    buttons: ['home'],
  }),
};

/** RFC 6749 5.2: what each error of the token endpoint means to the person. */
const refusals: Readonly<Record<string, (situation: Situation) => Words>> = {
  invalid_grant: badCode,
  invalid_client: badClient,
  unauthorized_client: badClient,
};

function toldToWait({ name, facts }: Situation): Words {
  return {
    status: 503,
    heading: `${name} asks us to wait`,
    reason: `It has too much to do right now. Try again in ${toMinutes(facts.retryAfterSeconds ?? 60)} or later. ${nothing}`,
    buttons: ['again', 'choose'],
  };
}

function tooManyAtOnce({ name }: Situation): Words {
  return {
    status: 503,
    heading: `Too many people want ${name} at once`,
    reason: `It answers slowly, and we ask it for only so many people at the same time. Try again in a minute. ${nothing}`,
    buttons: ['again', 'choose'],
  };
}

/** By the provider's `error`, which may be any text: `constructor` is no entry of the table. */
function wordsOfRefusal({ facts: { oauthError = '' } }: Situation): (situation: Situation) => Words {
  return (Object.hasOwn(refusals, oauthError) ? refusals[oauthError] : undefined) ?? refusedRequest;
}

function refusedRequest({ name }: Situation): Words {
  return {
    status: 502,
    heading: `${name} refused our request`,
    reason: `The last step of the sign-in did not work. Trying again may help; if not, tell the person who runs this site. ${nothing}`,
    buttons: ['again', 'choose'],
  };
}

function badClient({ name }: Situation): Words {
  return {
    status: 502,
    heading: `This site is not set up correctly for ${name}`,
    reason: `${name} refused our own password, not yours. Tell the person who runs this site. ${nothing}`,
    buttons: ['choose'],
  };
}

function badCode({ name }: Situation): Words {
  return {
    status: 400,
    heading: `The code from ${name} was too old`,
    reason: `Codes last only a short time and work once. ${nothing}`,
    buttons: ['again', 'choose'],
  };
}

function toSeconds(seconds: number): string {
  return seconds === 1 ? 'a second' : `${seconds} seconds`;
}

function toMinutes(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

/** No person can mend it, and every login there will fail until who runs this site does. */
export function needsOperator({ code, facts }: LoginError): boolean {
  const { oauthError = '' } = facts;
  return (
    code === 'redirect_mismatch' ||
    (Object.hasOwn(refusals, oauthError) && refusals[oauthError] === badClient)
  );
}
