/** What a login was started for. */
export const intents = ['sign-in', 'link', 'switch', 'ask', 'reauthenticate'] as const;
export type Intent = (typeof intents)[number];

/** Everything that decides. E-mail addresses and names are not here: they never decide anything. */
export interface Situation {
  readonly intent: Intent;
  /** Whose the identity that has just proven itself is, seen from the account signed in here. */
  readonly belongsTo: 'nobody' | 'this-account' | 'another-account';
  /** What this account has linked at the provider already. Signed out: nothing. */
  readonly linkedHere: 'nothing' | 'this-identity' | 'another-identity';
}

export type Resolution =
  /** A new account with this identity, and a session for it. */
  | 'create-account'
  /** A session for the account that the identity belongs to. */
  | 'sign-in'
  | 'link'
  /** Linked here already: its grant and its profile are renewed. */
  | 'renew'
  /** Nothing happens before the person has said which of the two identities stays. */
  | 'ask-to-replace'
  | 'reauthenticate'
  /** It belongs to another account: nothing happens before the person has said what should. */
  | 'ask-about-conflict'
  | 'refuse-identity-changed';

interface Row {
  readonly intent: readonly Intent[];
  readonly belongsTo: readonly Situation['belongsTo'][];
  readonly linkedHere: readonly Situation['linkedHere'][];
  readonly resolution: Resolution;
}

const onThisAccount = ['link', 'switch', 'ask'] as const;
const anything = ['nothing', 'this-identity', 'another-identity'] as const;

/**
 * The linking table; the first row that fits decides. A sign-in never links, whatever account the
 * browser is signed in to meanwhile; the other intents never change whom the session belongs to.
 */
export const linkingTable: readonly Row[] = [
  { intent: ['sign-in'], belongsTo: ['nobody'], linkedHere: anything, resolution: 'create-account' },
  {
    intent: ['sign-in'],
    belongsTo: ['this-account', 'another-account'],
    linkedHere: anything,
    resolution: 'sign-in',
  },
  {
    intent: ['reauthenticate'],
    belongsTo: ['this-account'],
    linkedHere: ['this-identity'],
    resolution: 'reauthenticate',
  },
  {
    intent: ['reauthenticate'],
    belongsTo: ['nobody', 'another-account'],
    linkedHere: anything,
    resolution: 'refuse-identity-changed',
  },
  {
    intent: onThisAccount,
    belongsTo: ['another-account'],
    linkedHere: anything,
    resolution: 'ask-about-conflict',
  },
  { intent: onThisAccount, belongsTo: ['this-account'], linkedHere: ['this-identity'], resolution: 'renew' },
  { intent: ['link'], belongsTo: ['nobody'], linkedHere: ['nothing'], resolution: 'link' },
  // What was to be switched or asked again is not linked any more. Only an intent to link ever links.
  {
    intent: ['switch', 'ask'],
    belongsTo: ['nobody'],
    linkedHere: ['nothing'],
    resolution: 'refuse-identity-changed',
  },
  {
    intent: onThisAccount,
    belongsTo: ['nobody'],
    linkedHere: ['another-identity'],
    resolution: 'ask-to-replace',
  },
];

/** Decides what a proven identity means here. Pure. */
export function resolveAccount(situation: Situation): Resolution {
  const row = linkingTable.find(
    (candidate) =>
      candidate.intent.includes(situation.intent) &&
      candidate.belongsTo.includes(situation.belongsTo) &&
      candidate.linkedHere.includes(situation.linkedHere),
  );
  if (!row) throw new TypeError(`the linking table has no row for ${JSON.stringify(situation)}`);
  return row.resolution;
}
