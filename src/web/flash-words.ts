import type { FinishedLogin } from '../login/flow.ts';
import type { RevocationOutcome } from '../oauth/revocation-request.ts';
import { scopeWords } from '../providers/index.ts';
import type { Provider } from '../providers/provider.ts';
import type { Flash } from '../sessions/session.ts';
import { toList, toNameInSentence } from './sentences.ts';

const ok = (text: string): Flash => ({ kind: 'ok', heading: 'Success', text });
const note = (text: string): Flash => ({ kind: 'warn', heading: 'Please note', text });

/** What a finished login says on the next page; null when the page itself says it. */
export function toLoginFlash(
  provider: Provider,
  login: FinishedLogin,
  formerName: string | null,
): Flash | null {
  const name = toNameInSentence(login.identity?.display_name ?? '');
  switch (login.resolution) {
    case 'create-account':
      return ok(
        `You are signed in with ${provider.name} as ${name}. This is a new profile; link your other accounts below.`,
      );
    case 'link':
      return ok(`${provider.name} account ${name} is linked. You can now sign in with it.`);
    case 'sign-in':
      return formerName === null
        ? null
        : note(`You were signed in as ${toNameInSentence(formerName)}. Now you are signed in as ${name}.`);
    case 'renew':
      return toRenewFlash(provider, login, name);
    case 'reauthenticate':
      return ok(`Thank you. ${provider.name} confirmed that you are ${name}.`);
    case 'ask-to-replace':
      return null;
  }
}

function toRenewFlash(
  provider: Provider,
  { transaction, proven, before }: FinishedLogin,
  name: string,
): Flash {
  if (transaction.intent === 'switch')
    return note(`${provider.name} sent back the same account, ${name}. ${provider.words.switchHint}`);
  const earlier = before?.granted_scope.split(' ').filter(Boolean) ?? [];
  const { grantedScope: granted, requestedScope: requested } = proven;
  const inWords = (scopes: readonly string[]) => toList(scopes.map((scope) => scopeWords(provider, scope)));
  const lost = earlier.filter((scope) => !granted.includes(scope));
  if (lost.length > 0)
    return note(
      `${provider.name} gave fewer permissions than last time. No longer allowed: ${inWords(lost)}.`,
    );
  const gained = granted.filter((scope) => !earlier.includes(scope));
  if (gained.length > 0) return ok(`${provider.name} now lets us ${inWords(gained)}.`);
  const missing = requested.filter((scope) => !granted.includes(scope));
  if (missing.length > 0) {
    return note(
      `${provider.name} still does not give us: ${inWords(missing)}. That is your choice; everything else works.`,
    );
  }
  return ok(`That ${provider.name} account was already linked here. We renewed its access.`);
}

export function toUnlinkFlash({ name, revocation }: Provider, outcome: RevocationOutcome): Flash {
  if (outcome !== 'not-confirmed') return ok(`${name} is unlinked.`);
  const look = revocation.checkAt ? ` Check ${revocation.checkAt}.` : '';
  return note(`${name} is unlinked, but ${name} did not confirm that our access is cancelled.${look}`);
}

export function toReplaceFlash({ name }: Provider, oldName: string, newName: string): Flash {
  return ok(
    `${name} account ${toNameInSentence(newName)} is linked in place of ${toNameInSentence(oldName)}.`,
  );
}

export function toReadFlash({ name }: Provider): Flash {
  return ok(`We read your ${name} profile again.`);
}

export function toReadFailureFlash({ name }: Provider): Flash {
  return note(`We could not read your ${name} profile. Its card says what to do.`);
}
