import type { Response } from 'express';
import type { CheckName } from '../../src/inspector/checks.ts';
import { toVerdict, verdictSentence } from '../../src/inspector/verdict.ts';
import type { Flow } from '../../src/inspector/trace.ts';
import type { FaultName } from '../../src/sandbox/faults.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { serviceNames } from '../../src/sandbox/services.ts';
import { subjects } from '../accounts/support.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';
import { until } from '../support/until.ts';
import { flowsOf, newestLogin, openNewest, stoppedBy } from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;
beforeAll(async () => {
  latchkey = await startLatchkey({ httpLimits: { totalMilliseconds: 700, maximumBytes: 256 * 1024 } });
});
afterAll(() => latchkey.close());
beforeEach(() => {
  visitor = new Visitor();
  latchkey.sandbox.state.reset();
  // What the test before this one has met is over: a Retry-After, and a circuit that has opened.
  latchkey.advance(31_000);
});

const callbackOf = (name: string, answer = {}) =>
  captureCallback(visitor, () => startSignIn(visitor, latchkey.baseUrl, name), latchkey.baseUrl, answer);

/** The sentence and the checks of the newest flow. */
function newest(): { verdict: string; checks: CheckName[] } {
  const flow = newestLogin(latchkey, visitor);
  if (!flow) throw new Error('no flow');
  return { verdict: verdictSentence(toVerdict(flow, false)), checks: stoppedBy(flow) };
}

const faults: readonly [FaultName, Service, CheckName, string][] = [
  [
    'authorize_server_error',
    'resonite',
    'no-error',
    'Failed at step 3: Resonite sent the browser back with an error of its own.',
  ],
  [
    'authorize_redirect_mismatch',
    'twitch',
    'no-error',
    'Failed at step 3: Twitch does not know our return address. Register',
  ],
  [
    'authorize_wrong_iss',
    'resonite',
    'iss',
    'Failed at step 3: the callback does not fit what we asked Resonite',
  ],
  [
    'token_wrong_secret',
    'twitch',
    'token-granted',
    'Failed at step 4: Twitch refused our client secret (403). Check TWITCH_CLIENT_SECRET.',
  ],
  [
    'token_wrong_secret',
    'mixin',
    'token-granted',
    'Failed at step 4: Mixin refused our client id (202). Check MIXIN_CLIENT_ID.',
  ],
  [
    'token_code_expired',
    'mixer',
    'token-granted',
    'Failed at step 4: Mixer refused the code or its verifier (400).',
  ],
  ['token_500', 'twitch', 'answer', 'Failed at step 4: Twitch gave no answer that could be used (500).'],
  ['token_hang', 'resonite', 'answer', 'Failed at step 4: Resonite gave no answer that could be used.'],
  ['token_cut', 'mixer', 'answer', 'Failed at step 4: Mixer gave no answer that could be used.'],
  ['token_429', 'twitch', 'answer', 'Failed at step 4: Twitch asks us to wait (429).'],
  [
    'token_html',
    'mixer',
    'token-shape',
    'Failed at step 4: the token response of Mixer is not what the standard says.',
  ],
  [
    'token_redirect',
    'twitch',
    'token-shape',
    'Failed at step 4: the token response of Twitch is not what the standard says.',
  ],
  [
    'id_token_missing',
    'twitch',
    'id-token',
    'Failed at step 4: ID token: expected one that we can read, found none.',
  ],
  ['keys_empty', 'twitch', 'id-token', 'Failed at step 4: the ID token of Twitch does not prove'],
  ['id_token_bad_signature', 'twitch', 'id-token-signature', 'Failed at step 4: the ID token of Twitch'],
  ['id_token_wrong_nonce', 'twitch', 'id-token-nonce', 'Failed at step 4: the ID token of Twitch'],
  ['id_token_wrong_audience', 'twitch', 'id-token-aud', 'Failed at step 4: the ID token of Twitch'],
  ['id_token_wrong_issuer', 'twitch', 'id-token-iss', 'Failed at step 4: the ID token of Twitch'],
  [
    'id_token_expired',
    'twitch',
    'id-token-exp',
    'Failed at step 4: End of the ID token (exp): expected in the future, found 20',
  ],
  ['id_token_wrong_at_hash', 'twitch', 'id-token-at-hash', 'Failed at step 4: the ID token of Twitch'],
  ['userinfo_500', 'mixer', 'answer', 'Failed at step 5: Mixer gave no answer that could be used (500).'],
  [
    'userinfo_401',
    'resonite',
    'userinfo-granted',
    'Failed at step 5: Resonite refused to give the profile (401).',
  ],
  [
    'userinfo_without_id',
    'mixer',
    'userinfo-shape',
    'Failed at step 5: the profile of Mixer does not say for certain who it is.',
  ],
  ['userinfo_other_person', 'twitch', 'subject', 'the profile of Twitch does not say for certain who it is.'],
  [
    'integrity_wrong',
    'mixin',
    'integrity',
    'Failed at step 5: X-Integrity-Token: expected signed by the provider, over this very answer, found the integrity token is for another answer.',
  ],
  [
    'request_id_wrong',
    'mixin',
    'request-id',
    'Failed at step 5: X-Request-Id of the answer: expected that of the request, where it is sent, found another one.',
  ],
];

test.each(faults)('%s at %s fails the check %s', async (fault, service, check, verdict) => {
  latchkey.sandbox.state.faults.set(service, fault);
  await signIn(visitor, latchkey.baseUrl, serviceNames[service]);
  const seen = newest();
  expect(seen.verdict).toContain(verdict);
  expect(seen.checks).toContain(check);
  const link = visitor.page
    .$('main a')
    .toArray()
    .map((a) => visitor.page.$(a).text());
  expect(link.join()).toContain('See what happened, step by step');
  await visitor.press('See what happened, step by step');
  expect(visitor.page.text).toContain(verdict);
  const [, number] = /^Failed at step (\d+)/.exec(seen.verdict)!;
  expect(visitor.page.$(`#step-${number}.bad .check.bad`).length).toBeGreaterThan(0);
});

test('a no of the person is no failure', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch', { deny: true });
  expect(newest()).toEqual({
    verdict: 'Refused by you: Twitch told us that access was not allowed.',
    checks: ['no-error'],
  });
  await visitor.press('See what happened');
  expect(visitor.page.$('.tag').first().text()).toBe('Refused by you');
});

test('a state that was never given out begins a flow that says so', async () => {
  await visitor.open(`${latchkey.baseUrl}/`);
  await startSignIn(visitor, latchkey.baseUrl, 'Twitch');
  await visitor.open(`${latchkey.baseUrl}/login/twitch/callback?code=x&state=${'A'.repeat(43)}`);
  expect(newest().checks).toEqual(['state']);
  expect(newest().verdict).toContain('Failed at step 1: we do not know this state.');
  expect(flowsOf(latchkey, visitor)[0]!.notes.join()).toContain('The beginning is missing');
});

test('a callback that is loaded again is a flow of its own, and names the first', async () => {
  const url = await callbackOf('Twitch');
  await visitor.open(url.href);
  const [first] = flowsOf(latchkey, visitor);
  await visitor.open(url.href);
  expect(newest().checks).toEqual(['first-time']);
  const [again, before] = flowsOf(latchkey, visitor);
  expect(before).toBe(first);
  expect(before!.result).toEqual({ kind: 'finished', outcome: 'create-account' });
  expect(again!.notes.join()).toContain(first!.id);
});

test('a login that took too long fails at the callback', async () => {
  const url = await callbackOf('Mixer');
  latchkey.advance(11 * 60 * 1000);
  await visitor.open(url.href);
  expect(newest()).toEqual({
    verdict: 'Failed at step 3: the login took longer than ten minutes. Start again.',
    checks: ['in-time'],
  });
});

test('a browser without our cookie gets no link, for it could not open it', async () => {
  const url = await callbackOf('Mixer');
  const owner = new Map(visitor.cookies);
  visitor.cookies.clear();
  await visitor.open(url.href);
  expect(visitor.page.heading).toBe('Your browser did not keep our cookie');
  expect(visitor.page.text).not.toContain('step by step');
  visitor.cookies.set('localhost', owner.get('localhost')!);
  // The browser that started is not told of it: its login still waits.
  expect(flowsOf(latchkey, visitor)[0]!.result).toEqual({ kind: 'waiting' });
});

test('a doubled parameter fails before anything is believed', async () => {
  const url = await callbackOf('Mixer');
  await visitor.open(`${url.href}&code=other`);
  expect(newest().checks).toEqual(['once-each']);
});

test('a callback without a code fails the check of the code', async () => {
  const url = await callbackOf('Mixer');
  url.searchParams.delete('code');
  await visitor.open(url.href);
  expect(newest().checks).toEqual(['code']);
});

test('a link that comes back after a sign-in to another account fails the check of the account', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  const url = await captureCallback(visitor, () => visitor.press('Link Resonite'), latchkey.baseUrl);
  latchkey.sandbox.state.reset();
  await visitor.open(`${latchkey.baseUrl}/profile`);
  const session = visitor.cookies.get('localhost')!;
  session.delete('latchkey');
  await visitor.open(url.href);
  expect(newest().checks).toEqual(['same-account']);
  expect(newest().verdict).toContain('whoever started is not signed in here any more.');
});

test('a confirmation as somebody else fails the decision about the account', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Mixer');
  const form = new URLSearchParams({ intent: 'reauthenticate', force: 'true' });
  await visitor.submit('post', new URL(`${latchkey.baseUrl}/login/mixer`), form);
  await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Bo' });
  expect(newest().checks).toEqual(['account']);
  expect(newest().verdict).toContain('another Mixer account came back');
});

describe('a browser that has gone before its callback was answered', () => {
  /** Leaves while Twitch is asked for the profile, which then answers as `answer` does. */
  async function leave(answer: (response: Response) => void): Promise<Flow> {
    const url = await callbackOf('Twitch');
    latchkey.sandbox.state.faults.set('twitch', 'userinfo_hang');
    const { hanging, faults } = latchkey.sandbox.state;
    const leaving = new AbortController();
    const headers = { cookie: visitor.cookieHeader(url) };
    const gone = fetch(url, { headers, redirect: 'manual', signal: leaving.signal }).catch(() => 'gone');
    await until(() => hanging.size > 0);
    leaving.abort();
    expect(await gone).toBe('gone');
    const flow = newestLogin(latchkey, visitor)!;
    await until(() => flow.notes.length > 0);
    faults.clear();
    for (const response of hanging) answer(response);
    hanging.clear();
    await until(() => flow.endedAt !== null);
    return flow;
  }

  test('is told what became of its login, which went on without it', async () => {
    await latchkey.database.deleteFrom('accounts').execute();
    const ada = { id: subjects.ada.twitch, login: 'ada', display_name: 'Ada' };
    const flow = await leave((response) => response.json({ data: [ada] }));
    expect(verdictSentence(toVerdict(flow, true))).toBe(
      'Finished: signed in with Twitch, and a new account was made.',
    );
    expect(flow.notes).toEqual(['The browser went away before it had its answer.']);
    const kinds = flow.steps.map(({ kind }) => kind);
    expect(kinds).toContain('callback');
    expect(kinds).not.toContain('ending');
  });

  test('is told why its login failed', async () => {
    const flow = await leave((response) => response.status(403).json({}));
    expect(verdictSentence(toVerdict(flow, true))).toMatch(
      /^Failed at step \d: Twitch refused to give the profile \(403\)/,
    );
    expect(stoppedBy(flow)).toEqual(['userinfo-granted']);
  });
});

describe('asking the person again', () => {
  /** The check of the newest login's authorization request. */
  const asked = () => {
    const [flow] = flowsOf(latchkey, visitor);
    const check = flow!.steps.flatMap(({ checks }) => checks).find(({ name }) => name === 'force');
    return [flow!.purpose, check?.result, check?.actual];
  };

  test('is not wished of Resonite, which has no parameter for it', async () => {
    latchkey.sandbox.state.faults.set('resonite', 'fewer_scopes');
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    await visitor.press('Ask Resonite for the missing permission');
    expect(asked()).toEqual(['ask', 'skipped', ['not wished']]);
    await visitor.open(`${latchkey.baseUrl}/profile`);
    await visitor.press('Switch Resonite account');
    expect(asked()).toEqual(['switch', 'skipped', ['not wished']]);
  });

  test('does not pass where a fresh sign-in wishes it in vain', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    latchkey.advance(31 * 60_000);
    await visitor.press('Delete my account');
    await visitor.press('Sign in with Resonite as');
    expect(asked()).toEqual(['reauthenticate', 'skipped', ['it has no parameter for it']]);
  });

  test('passes at Twitch, whose parameter is in the request', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await visitor.press('Switch Twitch account');
    expect(asked()).toEqual(['switch', 'passed', ['its parameter is in the request']]);
  });
});

test('a return address that is reported to the front page ends the flow it belongs to', async () => {
  latchkey.sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
  const url = await callbackOf('Twitch');
  await visitor.open(`${latchkey.baseUrl}/${url.search}`);
  expect(newest().verdict).toContain(
    `Twitch does not know our return address. Register ${latchkey.baseUrl}/login/twitch/callback there.`,
  );
});

test('a login that works has passed every check, and they are all there to read', async () => {
  await latchkey.database.deleteFrom('accounts').execute();
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  const page = await openNewest(visitor, latchkey.baseUrl);
  expect(page.text).toContain('Finished: signed in with Twitch, and a new account was made.');
  for (const words of [
    'State: [hidden: 43 characters',
    'Nonce of the ID token: [hidden: 43 characters',
    'Signature of the ID token',
    'Issuer of the ID token (iss)',
    'Audience of the ID token (aud)',
    'Age of the ID token (iat)',
    'Access token’s hash in the ID token (at_hash)',
    'Subject of the profile: 10000001',
    'Account: create-account',
    'PKCE: not supported by this provider',
    'RFC 6749, section 10.12',
  ])
    expect(page.text).toContain(words);
  expect(page.$('.check.bad')).toHaveLength(0);
  const ending = flowsOf(latchkey, visitor)[0]!.steps.at(-1)!;
  expect(ending.kind).toBe('ending');
  expect(ending.checks.map(({ name }) => name)).toEqual(['still-signed-in', 'account', 'session']);
});

test('Mixin’s signed requests and answers are checked, and the phone is in the diagram', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Mixin');
  const page = await openNewest(visitor, latchkey.baseUrl);
  expect(page.text).toContain('Genuine X-Integrity-Token'.replace(' ', ''));
  expect(page.text).toContain('Request token, signed here');
  expect(
    page
      .$('svg.seq .lt')
      .toArray()
      .map((text) => page.$(text).text()),
  ).toEqual(['Phone', 'Browser', 'Latchkey', 'Mixin']);
});

test('fewer permissions than asked for are a warning, not a failure', async () => {
  latchkey.sandbox.state.faults.set('twitch', 'fewer_scopes');
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  const [flow] = flowsOf(latchkey, visitor);
  expect(flow!.result.kind).toBe('finished');
  const page = await openNewest(visitor, latchkey.baseUrl);
  expect(page.$('.check.warn').text()).toContain('Scope: expected all that was asked for, found without');
});

test('an open question about a conflict is told without a word about the other account', async () => {
  await signIn(new Visitor(), latchkey.baseUrl, 'Mixer', { person: 'Bo' });
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  await linkProvider(visitor, latchkey.baseUrl, 'Mixer', { person: 'Bo' });
  expect(newest().verdict).toContain(
    'belongs to another account here. Nothing is changed before you decide.',
  );
});

test('while a provider has not answered yet, its flow waits for that, and for no browser', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Mixer', { person: 'Ada' });
  latchkey.sandbox.state.faults.set('mixer', 'userinfo_hang');
  const reading = visitor.press('Read profile again');
  const underWay = () => flowsOf(latchkey, visitor).find(({ purpose }) => purpose === 'read');
  await until(() => underWay() !== undefined);
  expect(verdictSentence(toVerdict(underWay()!, false))).toBe('Waiting: for the answer of Mixer.');
  await reading;
  expect(verdictSentence(toVerdict(underWay()!, false))).toMatch(/^Failed at step 1: Mixer gave no answer/);
});
