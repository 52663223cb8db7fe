import { twitch } from '../../src/providers/twitch.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { helixNobody, helixUser } from '../support/wire-samples/twitch/helix.ts';
import { twitchRevocationErrors } from '../support/wire-samples/twitch/revocation.ts';
import { twitchTokenErrors } from '../support/wire-samples/twitch/token-errors.ts';
import { twitchTokens } from '../support/wire-samples/twitch/token.ts';
import { hour, useLatchkey } from './support.ts';

const start = useLatchkey('Twitch');
const { tokenResponse, userinfoResponse, revocationResponse } = twitch.conform;

describe('Twitch', () => {
  test('gets the client secret in the body of the token request', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers, body } = stage.sent('token');
    expect(headers['authorization']).toBeUndefined();
    expect(body).toMatchObject({ ...toWireNames(madeUpClients.twitch), grant_type: 'authorization_code' });
  });

  test('may send the scope of a token answer as an array', async () => {
    const stage = await start();
    await stage.signIn();
    expect((await stage.identity()).granted_scope).toBe('openid user:read:email');
    const answer = tokenResponse!(twitchTokens);
    expect(answer.body).toEqual({ ...twitchTokens.body, scope: 'openid user:read:email' });
  });

  test('may leave the scope of a token answer out', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_scope_absent');
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
    expect((await stage.identity()).granted_scope).toBe('');
  });

  test('may send null for the scope of a token answer', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_scope_null');
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
    const answer = tokenResponse!({ status: 200, body: { ...twitchTokens.body, scope: null } });
    expect(answer.body).toEqual({ ...twitchTokens.body, scope: '' });
    expect((await stage.identity()).granted_scope).toBe('');
  });

  test('may send an array with one empty text for the scope of a token answer', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_scope_empty_string');
    const page = await stage.signIn();
    expect((await stage.identity()).granted_scope).toBe('');
    expect(page.text).toContain('Twitch did not give us: confirm who you are and read your e-mail address.');
  });

  test('puts a scope into the authorization response that is not believed', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_scope_empty_string');
    await stage.signIn();
    expect(stage.callbackUrl().searchParams.get('scope')).toBe('openid user:read:email');
    expect((await stage.identity()).granted_scope).toBe('');
  });

  test('answers a refused token request without an error code', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_code_expired');
    const page = await stage.signIn();
    expect(page.heading).toBe('The code from Twitch was too old');
    expect(page.text).toContain('invalid_grant: Invalid authorization code');
  });

  test('has texts from which the standard error code is found', () => {
    const { unknownClient } = twitchRevocationErrors;
    const table = {
      invalid_grant: [
        twitchTokenErrors.invalidCode,
        twitchTokenErrors.invalidRefreshToken,
        twitchTokenErrors.invalidRefreshTokenWith401,
        twitchTokenErrors.missingRefreshToken,
      ],
      invalid_client: [
        twitchTokenErrors.unknownClient,
        twitchTokenErrors.wrongSecret,
        twitchTokenErrors.missingClientId,
        twitchTokenErrors.missingSecret,
        unknownClient,
      ],
      invalid_request: [twitchTokenErrors.otherRedirectUri, twitchTokenErrors.unknownScope],
    };
    for (const [error, samples] of Object.entries(table)) {
      for (const sample of samples) {
        expect(tokenResponse!(sample).body).toEqual({ error, error_description: sample.body.message });
      }
    }
  });

  test('answers a wrong client secret with 403', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_wrong_secret');
    const page = await stage.signIn();
    expect(stage.sent('token').status).toBe(403);
    expect(page.heading).toBe('This site is not set up correctly for Twitch');
  });

  test('is forced by the literal text true', async () => {
    const stage = await start();
    await stage.signIn();
    expect(stage.authorizationUrl().searchParams.has('force_verify')).toBe(false);
    await stage.pressAndAnswer('Switch Twitch account', { person: 'Bo' });
    expect(stage.authorizationUrl().searchParams.getAll('force_verify')).toEqual(['true']);
    expect(stage.visitor.page.heading).toMatch(/^Replace /);
  });

  test('has no PKCE and gets a nonce instead', async () => {
    const stage = await start();
    await stage.signIn();
    const { searchParams } = stage.authorizationUrl();
    expect(searchParams.get('nonce')).toMatch(/^[\w-]{43}$/);
    expect(searchParams.has('code_challenge')).toBe(false);
    expect(stage.sent('token').body).not.toHaveProperty('code_verifier');
    const first = searchParams.get('nonce');
    await stage.pressAndAnswer('Switch Twitch account');
    expect(stage.authorizationUrl().searchParams.get('nonce')).not.toBe(first);
  });

  test('is not believed when the nonce in the ID token is another one', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'id_token_wrong_nonce');
    const page = await stage.signIn();
    expect(page.heading).toBe('We could not check the answer from Twitch');
    expect(await stage.accounts()).toEqual([]);
  });

  test('is not believed when the ID token is missing', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'id_token_missing');
    const page = await stage.signIn();
    expect(page.heading).toBe('We could not check the answer from Twitch');
  });

  test('signs the ID token with a key of its key set', async () => {
    const stage = await start();
    await stage.signIn();
    expect(stage.allSent('jwks').length).toBe(1);
    stage.sandbox.faults.set('twitch', 'id_token_bad_signature');
    const page = await stage.pressAndAnswer('Switch Twitch account');
    expect(page.heading).toBe('We could not check the answer from Twitch');
  });

  test('gets the claims parameter that puts the e-mail address into the ID token', async () => {
    const stage = await start();
    await stage.signIn();
    const claims = JSON.parse(stage.authorizationUrl().searchParams.get('claims') ?? '');
    expect(claims).toEqual({ id_token: { email: null, email_verified: null } });
  });

  test('gets the Client-Id beside the bearer token at Helix', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers, path, host } = stage.sent('userinfo');
    expect([host, path]).toEqual(['api.twitch.tv', '/helix/users']);
    expect(headers['client-id']).toBe(madeUpClients.twitch.clientId);
    expect(headers['authorization']).toMatch(/^Bearer [a-z0-9]{30}$/);
  });

  test('wraps the profile in a list', () => {
    const [user] = helixUser.body.data;
    expect(userinfoResponse!(helixUser).body).toEqual(user);
    expect(userinfoResponse!(helixNobody).body).toBeUndefined();
    expect(userinfoResponse!({ status: 200, body: { data: user } }).body).toBeUndefined();
  });

  test('refuses a token with a challenge that is no Bearer challenge', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'userinfo_401');
    const page = await stage.signIn();
    expect(page.heading).toBe('We are in, but Twitch gave us no profile');
    expect(page.text).toContain('Invalid OAuth token');
  });

  test('may give no e-mail address', async () => {
    const stage = await start();
    const page = await stage.signIn({ person: 'Bo' });
    expect(page.heading).toBe('Your accounts');
    const { display_name, userinfo } = await stage.identity();
    expect(display_name).toBe('Bo');
    expect(JSON.parse(userinfo)).not.toHaveProperty('email');
  });

  test('keeps the account number when the name changes', () => {
    const [user] = helixUser.body.data;
    const renamed = { ...user, login: 'newname', display_name: 'NewName' };
    expect(twitch.toIdentity(renamed).subject).toBe(twitch.toIdentity(user).subject);
    expect(twitch.toIdentity(renamed).displayName).toBe('NewName');
  });

  test('answers to an unregistered return address at the callback', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'authorize_redirect_mismatch');
    const page = await stage.leave();
    expect(stage.callbackUrl().searchParams.get('error')).toBe('redirect_mismatch');
    expect(page.heading).toBe('Twitch does not know our return address');
  });

  test('answers to an unregistered return address at the root of the site', async () => {
    const stage = await start();
    await stage.leave();
    const state = stage.authorizationUrl().searchParams.get('state');
    const answer = `error=redirect_mismatch&error_description=Parameter+redirect_uri+does+not+match+registered+URI&state=${state}`;
    const page = await stage.visitor.open(`${stage.latchkey.baseUrl}/?${answer}`);
    expect(page.heading).toBe('Twitch does not know our return address');
    expect(page.text).toContain(`Paste ${stage.callbackAddress()} into: OAuth Redirect URLs`);
  });

  test('may change the refresh token when it is used', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'refresh_token_rotated');
    await stage.signIn();
    for (let renewals = 0; renewals < 2; renewals++) {
      stage.latchkey.advance(5 * hour);
      await stage.openProfile();
    }
    const refreshes = stage.allSent('token').filter(({ body }) => body['grant_type'] === 'refresh_token');
    expect(refreshes.map(({ status }) => status)).toEqual([200, 200]);
    expect(refreshes[1]!.body['refresh_token']).not.toBe(refreshes[0]!.body['refresh_token']);
    expect(stage.visitor.page.text).toContain('Working');
  });

  test('may keep the refresh token when it is used', async () => {
    const stage = await start();
    await stage.signIn();
    for (let renewals = 0; renewals < 2; renewals++) {
      stage.latchkey.advance(5 * hour);
      await stage.openProfile();
    }
    const refreshes = stage.allSent('token').filter(({ body }) => body['grant_type'] === 'refresh_token');
    expect(refreshes.map(({ status }) => status)).toEqual([200, 200]);
    expect(refreshes[1]!.body['refresh_token']).toBe(refreshes[0]!.body['refresh_token']);
  });

  test('is asked to cancel the access at an address that its discovery document leaves out', async () => {
    const stage = await start();
    await stage.signIn();
    const page = await stage.linkAnotherAndUnlink('Resonite');
    const { status, body } = stage.sent('revocation');
    expect(status).toBe(200);
    expect(body).toMatchObject({ client_id: madeUpClients.twitch.clientId, token: expect.any(String) });
    expect(page.text).toContain('Twitch is unlinked.');
  });

  test('wants held tokens validated every hour and after a start, with the scheme OAuth', async () => {
    const stage = await start();
    await stage.signIn();
    await stage.openProfile();
    expect(stage.allSent('validation')).toHaveLength(0);
    stage.latchkey.advance(61 * 60 * 1000);
    await stage.openProfile();
    expect(stage.allSent('validation')).toHaveLength(1);
    const { headers, status } = stage.sent('validation');
    expect([String(headers['authorization']).split(' ')[0], status]).toEqual(['OAuth', 200]);
    const node = await stage.latchkey.startNode();
    await stage.visitor.open(`${node.baseUrl}/profile`);
    await node.close();
    expect(stage.allSent('validation')).toHaveLength(2);
  });

  test('answers 400 when a dead token is revoked', async () => {
    const stage = await start();
    await stage.signIn();
    stage.sandbox.expireAccessTokens('twitch');
    const page = await stage.linkAnotherAndUnlink('Resonite');
    expect(stage.allSent('revocation').map(({ status }) => status)).toContain(400);
    expect(page.text).toContain('Twitch is unlinked.');
    expect(revocationResponse!(twitchRevocationErrors.deadToken).status).toBe(200);
    expect(revocationResponse!(twitchTokenErrors.missingClientId).status).toBe(400);
  });
});

function toWireNames({ clientId, clientSecret }: { clientId: string; clientSecret: string }) {
  return { client_id: clientId, client_secret: clientSecret };
}
