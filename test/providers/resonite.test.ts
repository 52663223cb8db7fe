import { createHash } from 'node:crypto';
import { readConfig } from '../../src/config.ts';
import { resonite } from '../../src/providers/resonite.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { resonitePicture, resoniteProfile } from '../support/wire-samples/resonite/profile.ts';
import { hour, useLatchkey } from './support.ts';

const start = useLatchkey('Resonite');
const startWithIdToken = () => start({ RESONITE_SCOPES: 'openid profile' });

describe('Resonite', () => {
  test('lives at account.resonite.com and not at the hosts of the wiki', async () => {
    const hosts = Object.values(resonite.endpoints).map((url) => new URL(url).host);
    expect(new Set(hosts)).toEqual(new Set(['account.resonite.com']));
    const stage = await start();
    await stage.signIn();
    expect([stage.sent('token').path, stage.sent('userinfo').path]).toEqual([
      '/connect/token',
      '/api/user/profile',
    ]);
  });

  test('can be reached at other addresses by setting', () => {
    const environment = {
      RESONITE: 'live',
      RESONITE_CLIENT_ID: 'id',
      RESONITE_CLIENT_SECRET: 'secret',
      RESONITE_TOKEN_ENDPOINT: 'https://auth.resonite.com/connect/token',
      RESONITE_USERINFO_ENDPOINT: 'https://auth.resonite.com/api/user/profiles',
    };
    const { services } = readConfig(environment, madeUpClients);
    expect(services.find(({ provider }) => provider.id === 'resonite')?.provider.endpoints).toEqual({
      ...resonite.endpoints,
      token: 'https://auth.resonite.com/connect/token',
      userinfo: 'https://auth.resonite.com/api/user/profiles',
    });
  });

  test('gets PKCE with S256 although its examples do without', async () => {
    const stage = await start();
    await stage.signIn();
    const { searchParams } = stage.authorizationUrl();
    const verifier = String(stage.sent('token').body['code_verifier']);
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('code_challenge')).toBe(
      createHash('sha256').update(verifier).digest('base64url'),
    );
  });

  test('gets the client secret in the body of the token request', async () => {
    const stage = await start();
    await stage.signIn();
    const { headers, body } = stage.sent('token');
    expect(headers['authorization']).toBeUndefined();
    expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(body['client_secret']).toBe(madeUpClients.resonite.clientSecret);
  });

  test('gets no nonce, even with openid', async () => {
    const stage = await startWithIdToken();
    const page = await stage.signIn();
    expect(page.heading).toBe('Your accounts');
    expect(stage.authorizationUrl().searchParams.get('scope')).toBe('openid profile');
    expect(stage.authorizationUrl().searchParams.has('nonce')).toBe(false);
    expect(stage.allSent('jwks').length).toBe(1);
  });

  test('is not believed when the ID token carries a nonce that nobody sent', async () => {
    const stage = await startWithIdToken();
    stage.sandbox.faults.set('resonite', 'id_token_wrong_nonce');
    const page = await stage.signIn();
    expect(page.heading).toBe('We could not check the answer from Resonite');
  });

  test('is not believed when profile and ID token speak of two people', async () => {
    const stage = await startWithIdToken();
    stage.sandbox.faults.set('resonite', 'userinfo_other_person');
    const page = await stage.signIn();
    expect(page.heading).toBe('Resonite sent a profile we cannot read');
    expect(await stage.accounts()).toEqual([]);
  });

  test('gives a refresh token for offline_access', async () => {
    const stage = await start();
    const page = await stage.signIn();
    expect(stage.authorizationUrl().searchParams.get('scope')).toBe('profile email offline_access');
    expect(page.text).toContain('Renews by itself');
  });

  test('cannot be made to ask again, which the card says before a switch', async () => {
    const stage = await start({});
    const { $ } = await stage.signIn();
    const note = $('button:contains("Switch Resonite account")').attr('aria-describedby');
    expect($(`#${note}`).text()).toBe(
      'Resonite may sign you in again as the same account. Sign out at account.resonite.com first.',
    );
    expect($('article').text()).toContain('A made-up account. Only for trying things out.');
  });

  test('gives no refresh token without offline_access', async () => {
    const stage = await start({ RESONITE_SCOPES: 'profile' });
    const page = await stage.signIn();
    expect(page.text).not.toContain('Renews by itself');
    stage.latchkey.advance(2 * hour);
    expect((await stage.openProfile()).text).toContain('Ask Resonite again');
    expect(stage.allSent('token').map(({ body }) => body['grant_type'])).toEqual(['authorization_code']);
  });

  test('may change the refresh token when it is used', async () => {
    const stage = await start();
    await stage.signIn();
    for (let renewals = 0; renewals < 2; renewals++) {
      stage.latchkey.advance(2 * hour);
      await stage.openProfile();
    }
    const refreshes = stage.allSent('token').filter(({ body }) => body['grant_type'] === 'refresh_token');
    expect(refreshes.map(({ status }) => status)).toEqual([200, 200]);
    expect(refreshes[1]!.body['refresh_token']).not.toBe(refreshes[0]!.body['refresh_token']);
  });

  test('sends the profile unwrapped', async () => {
    const stage = await start();
    await stage.signIn();
    const userinfo = JSON.parse((await stage.identity()).userinfo);
    expect(userinfo).toMatchObject({ id: 'U-1NaAdaSandbox', username: 'Ada' });
    expect(resonite.conform).toEqual({});
  });

  test('names pictures by resdb addresses', async () => {
    expect(resonite.toIdentity(resoniteProfile.body).avatarUrl).toBe(resonitePicture);
    const stage = await start();
    const page = await stage.signIn();
    const source = page.$('article img').attr('src') ?? '';
    expect(source).toMatch(new RegExp(`^${stage.latchkey.sandboxUrl}/assets\\.resonite\\.com/[0-9a-f]{64}$`));
    expect((await fetch(source)).headers.get('content-type')).toContain('image/');
  });

  test('may name pictures that are none', () => {
    const pictureFor = (iconUrl: unknown) =>
      resonite.toIdentity({ ...resoniteProfile.body, profile: { iconUrl } }).avatarUrl;
    const hash = 'a'.repeat(64);
    const none = [
      null,
      '',
      `https://evil.example/${hash}`,
      `resdb://${hash}.webp`,
      `resdb:///../${hash}.webp`,
      `resdb:///${hash}.webp?x`,
      `resdb:///${hash.slice(1)}.webp`,
      `javascript:alert(1)//resdb:///${hash}`,
      'resrec:///U-1NaExampleAbc/R-1',
    ];
    expect(none.map(pictureFor)).toEqual(none.map(() => null));
    expect(pictureFor(`resdb:///${hash}`)).toBe(`https://assets.resonite.com/${hash}`);
  });

  test('leaves out what a person does not have', async () => {
    const stage = await start();
    const page = await stage.signIn({ person: 'Cy' });
    expect(page.heading).toBe('Your accounts');
    const { avatar_url, userinfo } = await stage.identity();
    expect(avatar_url).toBeNull();
    expect(Object.keys(JSON.parse(userinfo))).not.toContain('profile');
  });

  test('lets people change their name and keeps the id', () => {
    const renamed = { ...resoniteProfile.body, username: 'Other Name', normalizedUsername: 'other name' };
    expect(resonite.toIdentity(renamed)).toMatchObject({
      subject: resonite.toIdentity(resoniteProfile.body).subject,
      displayName: 'Other Name',
    });
    expect(() => resonite.toIdentity({ ...resoniteProfile.body, id: 'ExampleUser' })).toThrow('id');
  });

  test('may send iss in the authorization response', async () => {
    const stage = await start();
    stage.sandbox.faults.set('resonite', 'authorize_with_iss');
    const page = await stage.signIn();
    expect(stage.callbackUrl().searchParams.get('iss')).toBe(stage.provider.issuer);
    expect(page.heading).toBe('Your accounts');
  });

  test('is not believed when iss names somebody else', async () => {
    const stage = await start();
    stage.sandbox.faults.set('resonite', 'authorize_wrong_iss');
    const page = await stage.signIn();
    expect(page.heading).toBe('The answer from Resonite does not fit');
    expect(stage.allSent('token')).toEqual([]);
  });

  test('has an issuer with a slash at its end', async () => {
    const stage = await start();
    await stage.leave();
    const state = stage.authorizationUrl().searchParams.get('state')!;
    const { issuer } = stage.provider;
    expect(issuer).toBe(`${stage.latchkey.sandboxUrl}/account.resonite.com/`);
    const query = new URLSearchParams({ code: 'any', state, iss: issuer.slice(0, -1) });
    const page = await stage.visitor.open(`${stage.callbackAddress()}?${query}`);
    expect(page.heading).toBe('The answer from Resonite does not fit');
    expect(stage.latchkey.logLines.join('')).toContain('iss is not the issuer');
  });

  test('cannot be forced to ask again', async () => {
    const stage = await start();
    await stage.signIn();
    const names = [...stage.authorizationUrl().searchParams.keys()];
    const page = await stage.pressAndAnswer('Switch Resonite account');
    expect([...stage.authorizationUrl().searchParams.keys()]).toEqual(names);
    expect(page.text).toContain('sign out at account.resonite.com first');
  });

  test('refuses a token with 401 and says nothing in the body', async () => {
    const stage = await start();
    stage.sandbox.faults.set('resonite', 'userinfo_401');
    const page = await stage.signIn();
    expect(stage.sent('userinfo').status).toBe(401);
    expect(page.heading).toBe('We are in, but Resonite gave us no profile');
  });

  test('cannot be told to cancel the access', async () => {
    const stage = await start();
    await stage.signIn();
    await stage.pressAndAnswer('Link Mixer');
    const before = stage.sandbox.requests.filter(({ host }) => host === 'account.resonite.com').length;
    const question = await stage.visitor.press('Unlink Resonite');
    expect(question.text).toContain('Resonite offers no way for us to cancel our access.');
    await stage.visitor.press('Unlink Resonite');
    const after = stage.sandbox.requests.filter(({ host }) => host === 'account.resonite.com').length;
    expect(after).toBe(before);
  });
});
