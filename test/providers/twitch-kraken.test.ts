import { readConfig } from '../../src/config.ts';
import { twitch } from '../../src/providers/twitch.ts';
import { twitchKraken } from '../../src/providers/twitch-kraken.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { krakenTokens } from '../support/wire-samples/kraken/token.ts';
import { krakenUser, krakenUserOfVersion3 } from '../support/wire-samples/kraken/user.ts';
import { helixUser } from '../support/wire-samples/twitch/helix.ts';
import { useLatchkey } from './support.ts';

const startLatchkey = useLatchkey('Twitch');
const start = () => startLatchkey({ TWITCH_API: 'kraken' });
const { tokenResponse } = twitchKraken.conform;

describe('Kraken', () => {
  test('leaves token_type out of the token answer', async () => {
    const answer = tokenResponse!(krakenTokens);
    expect(answer.body).toEqual({ ...krakenTokens.body, scope: 'user_read', token_type: 'bearer' });
    const stage = await start();
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
  });

  test('gets the state once more in the token request', async () => {
    const stage = await start();
    await stage.signIn();
    const state = stage.authorizationUrl().searchParams.get('state');
    expect(stage.sent('token').body['state']).toBe(state);
    const modern = await startLatchkey();
    await modern.signIn();
    expect(modern.sent('token').body).not.toHaveProperty('state');
  });

  test('gets the client secret in the body of the token request', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers, body } = stage.sent('token');
    expect(headers['authorization']).toBeUndefined();
    expect(body['client_secret']).toBe(madeUpClients.twitch.clientSecret);
  });

  test('sends the scope of a token answer as an array', async () => {
    const stage = await start();
    await stage.signIn();
    expect((await stage.identity()).granted_scope).toBe('user_read');
  });

  test('wants the scheme OAuth and not Bearer', async () => {
    const stage = await start();
    await stage.signIn();
    expect(stage.sent('userinfo').headers['authorization']).toMatch(/^OAuth [a-z0-9]{30}$/);
  });

  test('wants the Accept header of version 5', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers } = stage.sent('userinfo');
    expect(headers['accept']).toBe('application/vnd.twitchtv.v5+json');
    expect(headers['client-id']).toBe(madeUpClients.twitch.clientId);
  });

  test('has the profile at /kraken/user', async () => {
    const stage = await start();
    await stage.signIn();
    const { host, path, status } = stage.sent('userinfo');
    expect([host, path, status]).toEqual(['api.twitch.tv', '/kraken/user', 200]);
  });

  test('names the account number _id, as a text or as a number', () => {
    const { body } = krakenUser;
    expect(twitchKraken.toIdentity(body).subject).toBe('12345678');
    expect(twitchKraken.toIdentity(krakenUserOfVersion3.body).subject).toBe('12345678');
    expect(() => twitchKraken.toIdentity({ ...body, _id: undefined, id: '12345678' })).toThrow('_id');
  });

  test('knows the same people as the Twitch of today', () => {
    expect(twitchKraken.id).toBe(twitch.id);
    const [user] = helixUser.body.data;
    expect(twitchKraken.toIdentity(krakenUser.body).subject).toBe(twitch.toIdentity(user).subject);
  });

  test('sends null for what is absent', () => {
    const facts = twitchKraken.toIdentity({ ...krakenUser.body, display_name: null, logo: null });
    expect([facts.displayName, facts.avatarUrl]).toEqual(['sampleuser', null]);
  });

  test('may give no e-mail address', async () => {
    const stage = await start();
    const page = await stage.signIn({ person: 'Bo' });
    expect(page.heading).toBe('Your accounts');
    expect(JSON.parse((await stage.identity()).userinfo).email).toBeNull();
  });

  test('writes an English phrase where the error code belongs', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'token_code_expired');
    const page = await stage.signIn();
    expect(page.heading).toBe('The code from Twitch was too old');
    expect(page.text).toContain('invalid_grant: Invalid authorization code');
    expect(page.text).not.toContain('Bad Request');
  });

  test('refuses a token with 401 and a phrase', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'userinfo_401');
    const page = await stage.signIn();
    expect(page.heading).toBe('We are in, but Twitch gave us no profile');
    expect(page.text).toContain('Token invalid or missing required scope');
  });

  test('has neither PKCE nor an ID token', async () => {
    const stage = await startLatchkey({ TWITCH_API: 'kraken', TWITCH_SCOPES: 'openid user_read' });
    await stage.signIn();
    const names = [...stage.authorizationUrl().searchParams.keys()].toSorted();
    expect(names).toEqual(['client_id', 'redirect_uri', 'response_type', 'scope', 'state']);
    expect(stage.sent('token').body).not.toHaveProperty('code_verifier');
  });

  test('is forced by the literal text true', async () => {
    const stage = await start();
    await stage.signIn();
    await stage.pressAndAnswer('Switch Twitch account', { person: 'Bo' });
    expect(stage.authorizationUrl().searchParams.getAll('force_verify')).toEqual(['true']);
  });

  test('answers to an unregistered return address with redirect_mismatch', async () => {
    const stage = await start();
    stage.sandbox.faults.set('twitch', 'authorize_redirect_mismatch');
    const page = await stage.leave();
    expect(page.heading).toBe('Twitch does not know our return address');
  });

  test('cancels the access at an address of its own', async () => {
    const stage = await start();
    await stage.signIn();
    const page = await stage.linkAnotherAndUnlink('Resonite');
    const { path, status, body } = stage.sent('revocation');
    expect([path, status]).toEqual(['/kraken/oauth2/revoke', 200]);
    expect(body['token']).toEqual(expect.any(String));
    expect(page.text).toContain('Twitch is unlinked.');
  });

  test('says with 200 at its root that a token is over', async () => {
    const stage = await start();
    await stage.signIn();
    stage.sandbox.faults.set('twitch', 'validate_401');
    stage.sandbox.faults.set('twitch', 'refresh_refused');
    stage.latchkey.advance(61 * 60 * 1000);
    const page = await stage.openProfile();
    const { path, status, headers } = stage.sent('validation');
    expect([path, status]).toEqual(['/kraken', 200]);
    expect(headers['accept']).toBe('application/vnd.twitchtv.v5+json');
    expect(page.heading).toBe('Twitch ended our access, so you are signed out');
  });

  test('is closed and live by explicit setting only', () => {
    const credentials = { TWITCH_API: 'kraken', TWITCH_CLIENT_ID: 'id', TWITCH_CLIENT_SECRET: 'secret' };
    const stateOf = (environment: Record<string, string>) =>
      readConfig(environment, madeUpClients).services.find(({ provider }) => provider.id === 'twitch')?.state;
    expect(twitchKraken.status).toEqual({ closed: '2022-02-28', what: 'Kraken, the former API of Twitch,' });
    expect(stateOf(credentials)).toBe('sandbox');
    expect(stateOf({ ...credentials, SANDBOX: 'off' })).toBe('off');
    expect(stateOf({ ...credentials, TWITCH: 'live' })).toBe('live');
  });
});
