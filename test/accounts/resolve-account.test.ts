import {
  type Intent,
  intents,
  linkingTable,
  type Resolution,
  resolveAccount,
  type Situation,
} from '../../src/accounts/resolve-account.ts';

const rows: readonly [string, Situation, string][] = [
  [
    'an unknown identity that signs in gets an account',
    { intent: 'sign-in', belongsTo: 'nobody', linkedHere: 'nothing' },
    'create-account',
  ],
  [
    'an unknown identity that signs in gets an account of its own, whoever is signed in meanwhile',
    { intent: 'sign-in', belongsTo: 'nobody', linkedHere: 'another-identity' },
    'create-account',
  ],
  [
    'a known identity signs in to its account',
    { intent: 'sign-in', belongsTo: 'another-account', linkedHere: 'nothing' },
    'sign-in',
  ],
  [
    'a known identity signs in to its account although another account is signed in meanwhile',
    { intent: 'sign-in', belongsTo: 'another-account', linkedHere: 'another-identity' },
    'sign-in',
  ],
  [
    'a sign-in to the account that is signed in meanwhile is done',
    { intent: 'sign-in', belongsTo: 'this-account', linkedHere: 'this-identity' },
    'sign-in',
  ],
  [
    'an unknown identity is linked where none of its provider is',
    { intent: 'link', belongsTo: 'nobody', linkedHere: 'nothing' },
    'link',
  ],
  [
    'an identity that is linked here already is renewed',
    { intent: 'link', belongsTo: 'this-account', linkedHere: 'this-identity' },
    'renew',
  ],
  [
    'an unknown identity never takes another one’s place without asking',
    { intent: 'link', belongsTo: 'nobody', linkedHere: 'another-identity' },
    'ask-to-replace',
  ],
  [
    'an identity of another account is left where it is until the person has chosen',
    { intent: 'link', belongsTo: 'another-account', linkedHere: 'nothing' },
    'ask-about-conflict',
  ],
  [
    'a switch that brings the same identity back renews it',
    { intent: 'switch', belongsTo: 'this-account', linkedHere: 'this-identity' },
    'renew',
  ],
  [
    'a switch that brings another identity asks',
    { intent: 'switch', belongsTo: 'nobody', linkedHere: 'another-identity' },
    'ask-to-replace',
  ],
  [
    'a switch to an identity of another account asks what to do with it',
    { intent: 'switch', belongsTo: 'another-account', linkedHere: 'another-identity' },
    'ask-about-conflict',
  ],
  [
    'a switch after an unlink elsewhere is refused: there is nothing to switch',
    { intent: 'switch', belongsTo: 'nobody', linkedHere: 'nothing' },
    'refuse-identity-changed',
  ],
  [
    'asking again after an unlink elsewhere is refused: it would link what was unlinked',
    { intent: 'ask', belongsTo: 'nobody', linkedHere: 'nothing' },
    'refuse-identity-changed',
  ],
  [
    'asking again as somebody of another account asks what to do with that one',
    { intent: 'ask', belongsTo: 'another-account', linkedHere: 'another-identity' },
    'ask-about-conflict',
  ],
  [
    'asking again renews the same identity',
    { intent: 'ask', belongsTo: 'this-account', linkedHere: 'this-identity' },
    'renew',
  ],
  [
    'asking again as somebody else asks before replacing',
    { intent: 'ask', belongsTo: 'nobody', linkedHere: 'another-identity' },
    'ask-to-replace',
  ],
  [
    'an identity of this account re-authenticates',
    { intent: 'reauthenticate', belongsTo: 'this-account', linkedHere: 'this-identity' },
    'reauthenticate',
  ],
  [
    'an unknown identity does not re-authenticate',
    { intent: 'reauthenticate', belongsTo: 'nobody', linkedHere: 'another-identity' },
    'refuse-identity-changed',
  ],
  [
    'an identity of another account does not re-authenticate',
    { intent: 'reauthenticate', belongsTo: 'another-account', linkedHere: 'nothing' },
    'refuse-identity-changed',
  ],
];

test.each(rows)('%s', (_title, situation, resolution) => {
  expect(resolveAccount(situation)).toBe(resolution);
});

const possible: readonly Pick<Situation, 'belongsTo' | 'linkedHere'>[] = [
  { belongsTo: 'nobody', linkedHere: 'nothing' },
  { belongsTo: 'nobody', linkedHere: 'another-identity' },
  { belongsTo: 'this-account', linkedHere: 'this-identity' },
  { belongsTo: 'another-account', linkedHere: 'nothing' },
  { belongsTo: 'another-account', linkedHere: 'another-identity' },
];

test('every situation that can happen has a row', () => {
  for (const intent of intents) {
    for (const rest of possible) expect(() => resolveAccount({ intent, ...rest })).not.toThrow();
  }
});

test('every row of the table is reached by a test above', () => {
  const reached = rows.map(([, situation]) =>
    linkingTable.findIndex(
      (row) =>
        row.intent.includes(situation.intent) &&
        row.belongsTo.includes(situation.belongsTo) &&
        row.linkedHere.includes(situation.linkedHere),
    ),
  );
  expect([...new Set(reached)].toSorted((a, b) => a - b)).toEqual(linkingTable.map((_, index) => index));
});

const intentsThat = (resolution: Resolution) =>
  linkingTable.filter((row) => row.resolution === resolution).flatMap(({ intent }) => [...intent]);

test('only the intent to link ever links', () => {
  expect(intentsThat('link')).toEqual(['link'] satisfies Intent[]);
});

test('only a sign-in makes an account, or changes whose the session is', () => {
  expect(intentsThat('create-account')).toEqual(['sign-in'] satisfies Intent[]);
  expect(intentsThat('sign-in')).toEqual(['sign-in'] satisfies Intent[]);
});

test('an identity of another account is never linked, renewed or taken as a confirmation here', () => {
  for (const intent of intents) {
    for (const linkedHere of ['nothing', 'another-identity'] as const) {
      const resolution = resolveAccount({ intent, belongsTo: 'another-account', linkedHere });
      expect(['sign-in', 'ask-about-conflict', 'refuse-identity-changed']).toContain(resolution);
    }
  }
});
