import type { FinishedLogin } from '../login/flow.ts';
import type { RevocationOutcome } from '../oauth/revocation-request.ts';
import { scopeWords } from '../providers/index.ts';
import type { Provider } from '../providers/provider.ts';
import { readScope } from '../providers/scope.ts';
import type { Flash } from '../sessions/session.ts';
import { toList, toNameInSentence } from './sentences.ts';

const ok = (title: string, text: string): Flash => ({ kind: 'ok', title, heading: 'Success', text });
const note = (title: string, text: string): Flash => ({ kind: 'warn', title, heading: 'Please note', text });

/** Step mode was switched, and the sandbox does not know of it. */
export const stepsAloneWords =
  'Step mode was switched for this app alone: the sandbox did not answer. It can be switched on its own page too.';

export function toStepsAloneFlash(): Flash {
  return note('Step mode', stepsAloneWords);
}

/** What a finished login says on the next page; null when the page itself says it. */
export function toLoginFlash(
  provider: Provider,
  login: FinishedLogin,
  formerName: string | null,
): Flash | null {
  const service = provider.name;
  const name = toNameInSentence(login.identity?.display_name ?? '');
  switch (login.resolution) {
    case 'create-account': {
      const now = formerName === null ? 'You are' : `${toFormerWords(formerName)}Now you are`;
      const rest = 'This is a new profile; link your other accounts below.';
      return ok('Signed in', `${now} signed in with ${service} as ${name}. ${rest}`);
    }
    case 'link':
      return ok(`${service} linked`, `${service} account ${name} is linked. You can now sign in with it.`);
    case 'sign-in':
      return formerName === null ? null : toChangedAccountFlash(name, formerName);
    case 'renew':
      return toRenewFlash(provider, login, name);
    case 'reauthenticate':
      return ok('Confirmed', `Thank you. ${service} confirmed that you are ${name}.`);
    case 'ask-to-replace':
    case 'ask-about-conflict':
      return null;
  }
}

function toRenewFlash(
  provider: Provider,
  { transaction, proven, before }: FinishedLogin,
  name: string,
): Flash {
  const service = provider.name;
  const inWords = (scopes: readonly string[]) => toList(scopes.map((scope) => scopeWords(provider, scope)));
  const earlier = readScope(before?.granted_scope ?? '');
  const granted = proven.grantedScope;
  const lost = earlier.filter((scope) => !granted.includes(scope));
  const gained = granted.filter((scope) => !earlier.includes(scope));
  const missing = transaction.requestedScope.filter((scope) => !granted.includes(scope));
  if (transaction.intent === 'switch') {
    return note(
      'Same account',
      `${service} sent back the same account, ${name}. ${provider.words.switchHint}`,
    );
  }
  if (lost.length > 0) {
    const text = `${service} gave fewer permissions than last time. No longer allowed: ${inWords(lost)}.`;
    return note('Fewer permissions', text);
  }
  if (gained.length > 0) return ok('Permissions added', `${service} now lets us ${inWords(gained)}.`);
  if (missing.length > 0) {
    const text = `${service} still does not give us: ${inWords(missing)}. That is your choice; everything else works.`;
    return note('Permissions missing', text);
  }
  return ok(`${service} renewed`, `That ${service} account was already linked here. We renewed its access.`);
}

/** After a sign-in that changed whose browser this is. */
export function toChangedAccountFlash(name: string, formerName: string | null): Flash {
  const newcomer = toNameInSentence(name);
  const former = formerName === null ? '' : toFormerWords(formerName);
  return note('Signed in', `${former}Now you are signed in as ${newcomer}.`);
}

const toFormerWords = (name: string) => `You were signed in as ${toNameInSentence(name)}. `;

export function toKeptFlash({ name }: Provider, displayName: string): Flash {
  const kept = `${toNameInSentence(displayName)} stays where it was.`;
  return ok('Nothing changed', `Nothing was changed. The ${name} account ${kept}`);
}

export function toMovedFlash({ name }: Provider, displayName: string): Flash {
  const moved = toNameInSentence(displayName);
  return ok(`${name} moved`, `${name} account ${moved} has moved here. You can now sign in with it.`);
}

/** `moved`: `the Twitch account`, … */
export function toJoinedFlash(moved: readonly string[]): Flash {
  return ok('Accounts joined', `Both accounts are one now. Moved here: ${toList(moved)}.`);
}

/** A button of a page that is older than what happened since. */
export function toNotLinkedFlash({ name }: Provider): Flash {
  return note('Nothing changed', `${name} is not linked here any more, so nothing was changed.`);
}

export function toGoneSessionFlash(): Flash {
  return note('Nothing changed', 'That session has ended already, so nothing was changed.');
}

export function toEndedSessionFlash(device: string): Flash {
  return ok('Device signed out', `${device} is signed out.`);
}

export function toEndedSessionsFlash(count: number): Flash {
  const words = count === 1 ? 'One other session is' : `${count} other sessions are`;
  return ok('Signed out elsewhere', `${words} signed out. You are signed in only here.`);
}

/** `words`: what can be done at the provider. */
export function toUnlinkFlash(
  { name, revocation }: Provider,
  outcome: RevocationOutcome,
  words: string,
): Flash {
  const title = `${name} unlinked`;
  if (outcome === 'revoked') return ok(title, `${name} is unlinked. Our access there is cancelled.`);
  if (outcome === 'not-offered') return ok(title, `${name} is unlinked. ${words}`);
  const look = revocation.checkAt ? ` Check ${revocation.checkAt}.` : '';
  if (outcome === 'nothing-held') {
    const nothing = 'We held no access there any more, so there was nothing to cancel.';
    return note(title, `${name} is unlinked. ${nothing}${look}`);
  }
  return note(title, `${name} is unlinked, but ${name} did not confirm that our access is cancelled.${look}`);
}

export function toReplaceFlash({ name }: Provider, oldName: string, newName: string): Flash {
  const [former, newcomer] = [toNameInSentence(oldName), toNameInSentence(newName)];
  return ok(`${name} replaced`, `${name} account ${newcomer} is linked in place of ${former}.`);
}

export function toReadFlash({ name }: Provider): Flash {
  return ok(`${name} read again`, `We read your ${name} profile again.`);
}

export function toReadFailureFlash({ name }: Provider): Flash {
  return note(`${name} not read`, `We could not read your ${name} profile. Its card says what to do.`);
}
