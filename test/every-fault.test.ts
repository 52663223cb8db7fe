import { type AnswerFaultName, answerFaultNames } from '../src/sandbox/answer-faults.ts';
import {
  type FaultName,
  faultNames,
  faultTable,
  faultyEndpointNames,
  type FaultyEndpoint,
} from '../src/sandbox/faults.ts';
import { type Service, serviceNames, services } from '../src/sandbox/services.ts';
import type { Flow } from '../src/inspector/trace.ts';
import { usualBreakerLimits } from '../src/oauth/circuit-breaker.ts';
import { usualGateLimits } from '../src/oauth/http.ts';
import { type RunningLatchkey, startLatchkey } from './support/latchkey.ts';
import { newestLogin, stoppedBy } from './inspector/support.ts';
import { signIn, Visitor } from './support/visitor.ts';

/** A login meets every fault that a service can have; how it ends is written down here. */

const signedIn = 'signed in';
const staysThere = 'the page of the service';

/** What an answer that breaks leads to, at the two endpoints that every login needs. */
const brokenAnswers: Readonly<Record<AnswerFaultName, 'unreachable' | 'busy' | 'invalid' | 'error'>> = {
  500: 'unreachable',
  503: 'unreachable',
  429: 'busy',
  html: 'invalid',
  empty: 'invalid',
  not_json: 'invalid',
  error_in_200: 'error',
  redirect: 'invalid',
  truncated: 'invalid',
  wrong_types: 'invalid',
  huge: 'invalid',
  compressed: 'invalid',
  bomb: 'invalid',
  slow: 'unreachable',
  drip: 'unreachable',
  cut: 'unreachable',
  hang: 'unreachable',
};

const codes = {
  token: {
    unreachable: 'provider_unreachable',
    busy: 'provider_busy',
    invalid: 'token_response_invalid',
    error: 'token_request_refused',
  },
  userinfo: {
    unreachable: 'provider_unreachable',
    busy: 'provider_busy',
    invalid: 'userinfo_response_invalid',
    error: 'userinfo_response_invalid',
  },
} as const;

/** Faults of a login that do not spoil it; whatever is not named here or below ends with its own code. */
const harmless: readonly FaultName[] = [
  // The application cannot tell: the service itself says who it is.
  'authorize_other_person',
  // Not announced, and right.
  'authorize_with_iss',
  // Discovery is not used: the addresses are known.
  'discovery_promises_iss',
  'fewer_scopes',
  'no_email',
  'token_scope_absent',
  'keys_none',
  'challenge_absent',
  'kraken_v3',
  'id_token_with_nonce',
  // No login refreshes or validates.
  'refresh_refused',
  'refresh_refused_401',
  'refresh_other_person',
  'refresh_token_rotated',
  'refresh_token_kept',
  'validate_401',
  'validate_other_client',
  'validate_other_person',
];

const endings: Partial<Record<FaultName, string>> = {
  authorize_429: staysThere,
  authorize_500: staysThere,
  authorize_503: staysThere,
  authorize_html: staysThere,
  authorize_slow: signedIn,
  authorize_server_error: 'authorization_refused',
  authorize_denied: 'authorization_denied',
  authorize_redirect_mismatch: staysThere,
  authorize_wrong_state: 'state_unknown',
  authorize_missing_state: 'state_unknown',
  authorize_foreign_state: 'state_unknown',
  authorize_wrong_iss: 'authorization_response_invalid',
  authorize_foreign_iss: 'authorization_response_invalid',
  token_wrong_secret: 'token_request_refused',
  token_code_expired: 'token_request_refused',
  token_scope_null: 'token_response_invalid',
  token_scope_empty_string: 'token_response_invalid',
  access_revoked: 'userinfo_request_refused',
  clock_ahead: signedIn,
  clock_behind: signedIn,
  userinfo_401: 'userinfo_request_refused',
  userinfo_without_id: 'userinfo_response_invalid',
  userinfo_other_person: signedIn,
  integrity_wrong: 'userinfo_response_invalid',
  request_id_wrong: 'userinfo_response_invalid',
};

const idTokenFaults = faultNames.filter((name) => faultTable[name].group === 'ID token');

/** Where a service differs. */
const own: Readonly<Record<Service, Partial<Record<FaultName, string>>>> = {
  twitch: {
    ...Object.fromEntries(idTokenFaults.map((name) => [name, 'id_token_invalid'])),
    // The keys were fetched before; a set that was fetched within a minute is not fetched again.
    keys_none: signedIn,
    keys_rotated: 'id_token_invalid',
    // Ten minutes are beyond what is forgiven, and a token that ends five minutes from now is good.
    clock_ahead: 'id_token_invalid',
    // Twitch tells the first redirect URI, which is ours.
    authorize_redirect_mismatch: 'redirect_mismatch',
    // It sends both of them: documentation of the provider, twitch.md.
    token_scope_null: signedIn,
    token_scope_empty_string: signedIn,
    // The ID token says whom to expect.
    userinfo_other_person: 'userinfo_response_invalid',
  },
  mixer: {},
  mixin: {
    // Its answer says what was granted; without that nothing can be signed.
    token_scope_absent: 'token_response_invalid',
    // The request is signed by our clock.
    clock_ahead: 'clock_differs',
    clock_behind: 'clock_differs',
    // An error in 200 is what Mixin's errors look like.
    userinfo_error_in_200: 'userinfo_request_refused',
  },
  // No ID token is asked for.
  resonite: Object.fromEntries(idTokenFaults.map((name) => [name, signedIn])),
};

function answerEnding(name: FaultName): string | undefined {
  const endpoint = faultyEndpointNames.find((each) => faultTable[name].group === each);
  if (!endpoint) return undefined;
  const kind = answerFaultNames.find((each) => name === `${endpoint}_${each}`)!;
  return isNeeded(endpoint) ? codes[endpoint][brokenAnswers[kind]] : signedIn;
}

function isNeeded(endpoint: FaultyEndpoint): endpoint is keyof typeof codes {
  return endpoint in codes;
}

function endingOf(service: Service, name: FaultName): string | undefined {
  const general = endings[name] ?? (harmless.includes(name) ? signedIn : answerEnding(name));
  return own[service][name] ?? general;
}

/** How it ended, and whether the recorded flow tells the same. */
async function login(latchkey: RunningLatchkey, service: Service, name: FaultName) {
  const { baseUrl, logLines, sandbox } = latchkey;
  sandbox.state.reset();
  sandbox.state.faults.set(service, name);
  logLines.length = 0;
  const visitor = new Visitor();
  const page = await signIn(visitor, baseUrl, serviceNames[service]).catch(() => visitor.page);
  const logged = logLines.map((line) => (JSON.parse(line) as { code?: string }).code).filter(Boolean);
  const ending = !page.url.href.startsWith(baseUrl)
    ? staysThere
    : (logged[0] ?? (page.heading === 'Your accounts' ? signedIn : page.heading));
  return { ending, told: tell(newestLogin(latchkey, visitor)) };
}

/** What the inspector says of a login, in the words of the table above. */
function tell(flow: Flow | undefined): string | undefined {
  if (!flow) return 'no flow';
  const { result } = flow;
  if (result.kind === 'waiting') return staysThere;
  if (result.kind === 'finished') return signedIn;
  const step = flow.steps[result.step - 1];
  const named = step?.checks.some(
    (check) => check.result === 'failed' && stoppedBy(flow).includes(check.name),
  );
  return named ? (result.code ?? 'no code') : 'no check says why';
}

describe.each(services)('a login at %s', (service) => {
  const names = faultNames.filter((name) => faultTable[name].services.includes(service));
  let latchkey: RunningLatchkey;
  beforeAll(async () => {
    latchkey = await startLatchkey({
      env: { SANDBOX_AUTO_APPROVE: 'true' },
      // Enough for a busy machine, and soon over where nothing comes.
      httpLimits: {
        totalMilliseconds: 1000,
        maximumBytes: 256 * 1024,
        // Each fault by itself: what many of them in a row lead to is shown elsewhere.
        gate: { ...usualGateLimits, breaker: { ...usualBreakerLimits, failures: Infinity } },
      },
    });
    await signIn(new Visitor(), latchkey.baseUrl, serviceNames[service]);
  });
  afterAll(() => latchkey.close());

  test('ends as it should whatever goes wrong, and never as an error of our own', async () => {
    const seen: [string, string][] = [];
    for (const name of names) {
      const { ending, told } = await login(latchkey, service, name);
      if (name.endsWith('_429')) latchkey.advance(31_000);
      seen.push([name, ending]);
      expect([name, told]).toEqual([name, ending]);
    }
    expect(names.length).toBeGreaterThan(60);
    expect(seen).toEqual(names.map((name) => [name, endingOf(service, name)]));
  }, 120_000);
});
