import { allowedPicture, inSandbox, scopeWords } from '../../src/providers/index.ts';
import type { Provider } from '../../src/providers/provider.ts';

/** A true userinfo of a provider, conformed, and whose it is. */
export interface Sample {
  readonly userinfo: Readonly<Record<string, unknown>>;
  readonly idName: string;
  readonly subject: string;
}

const sandboxUrl = 'http://localhost:4000/base';
const protocolParameters = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
];

/** What holds for the facts of every provider, those of this project and those of somebody's own. */
export function describeContract(label: string, serviceId: string, provider: Provider, sample: Sample): void {
  describe(`the facts of ${label}`, () => {
    test('have the id of their service and names for pages', () => {
      expect(provider.id).toBe(serviceId);
      expect(provider.id).toMatch(/^[a-z]+$/);
      const { denied, basics, beforeSwitch, ...words } = provider.words;
      for (const text of [
        provider.name,
        ...Object.values(words),
        ...Object.values(denied ?? {}),
        basics ?? 'none',
        beforeSwitch ?? 'none',
        provider.revocation.words,
      ]) {
        expect(text.trim()).toBe(text);
        expect(text).not.toBe('');
      }
    });

    test('warn before a switch where the service cannot be made to ask, and only there', () => {
      expect(provider.words.beforeSwitch !== null).toBe(provider.force === 'cannot-force');
    });

    test('say whether the service lives, and since when it does not', () => {
      if (provider.status === 'live') return;
      expect(provider.status.closed).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(Date.parse(provider.status.closed)).toBeLessThan(Date.now());
    });

    test('have https addresses without user name, query or fragment', () => {
      for (const address of [provider.issuer, ...Object.values(provider.endpoints)]) {
        const url = new URL(address);
        expect([url.protocol, url.username, url.password, url.search, url.hash]).toEqual([
          'https:',
          '',
          '',
          '',
          '',
        ]);
      }
      expect(provider.publicEndpoints).toBeUndefined();
    });

    test('have a key set where there is an ID token', () => {
      if (provider.idToken !== null) expect(provider.endpoints.jwks).toBeDefined();
      if (provider.defaultScope.includes('openid')) expect(provider.idToken).not.toBeNull();
    });

    test('have an address to revoke at exactly where revoking is promised', () => {
      expect(provider.revocation.words.startsWith('We ask')).toBe(
        provider.endpoints.revocation !== undefined,
      );
    });

    test('have words for every scope, and ask for known ones only', () => {
      expect(provider.defaultScope.length).toBeGreaterThan(0);
      for (const [scope, { words }] of Object.entries(provider.scopes)) {
        expect(scope).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/);
        expect(words).toMatch(/^[a-z].*[^.]$/);
      }
      for (const scope of provider.defaultScope) {
        expect(Object.keys(provider.scopes)).toContain(scope);
        expect(scopeWords(provider, scope)).not.toBe(scope);
      }
    });

    test('add parameters that are texts and no protocol parameters', () => {
      const forced = typeof provider.force === 'object' ? provider.force.parameters : {};
      if (typeof provider.force === 'object') expect(Object.keys(forced).length).toBeGreaterThan(0);
      for (const [name, value] of Object.entries({ ...provider.authorizationParameters, ...forced })) {
        expect(protocolParameters).not.toContain(name);
        expect(typeof value).toBe('string');
        expect(value).not.toBe('');
      }
    });

    test('sign userinfo requests exactly where the token answer gives the means', () => {
      expect(provider.userinfo.authorization === 'signed').toBe(provider.accessToken === 'ed25519');
    });

    test('bind the code to its login by more than state, while the service lives', () => {
      if (provider.status !== 'live') return;
      expect(provider.pkce !== null || provider.idToken === 'with-nonce').toBe(true);
      // A client secret may replace PKCE only where the provider takes either.
      if (provider.clientSecret === 'instead-of-pkce') expect(provider.pkce).not.toBeNull();
    });

    test('add headers that are texts in lower case and never the token', () => {
      for (const [name, value] of Object.entries(provider.userinfo.headers('the-client'))) {
        expect(name).toBe(name.toLowerCase());
        expect(name).not.toBe('authorization');
        expect(typeof value).toBe('string');
      }
    });

    test('read a profile', () => {
      const facts = provider.toIdentity(sample.userinfo);
      expect(facts.subject).toBe(sample.subject);
      expect(facts.displayName).not.toBe('');
      expect(facts.handle).not.toBe('');
      expect(facts.publicProfileUrl ?? 'https://none.example').toMatch(/^https:\/\//);
    });

    test('refuse a profile without a usable id', () => {
      const { [sample.idName]: _, ...without } = sample.userinfo;
      const refused = expect.objectContaining({ name: 'ShapeError' });
      expect(() => provider.toIdentity(without)).toThrow(refused);
      const unusable = [
        undefined,
        null,
        '',
        ' ',
        true,
        {},
        [],
        [sample.subject],
        -1,
        0,
        1.5,
        Number.NaN,
        2 ** 53,
        'x',
      ];
      for (const id of unusable) {
        expect(() => provider.toIdentity({ ...without, [sample.idName]: id })).toThrow(refused);
      }
    });

    test('refuse what is no profile at all', () => {
      for (const userinfo of [undefined, null, '', 'text', 5, true, [], [sample.userinfo], {}]) {
        expect(() => provider.toIdentity(userinfo)).toThrow(expect.objectContaining({ name: 'ShapeError' }));
      }
    });

    test('name the field and never its value when they refuse', () => {
      const secret = 'value-that-must-not-be-logged';
      const read = () => provider.toIdentity({ ...sample.userinfo, [sample.idName]: { secret } });
      expect(read).toThrow(sample.idName);
      expect(read).not.toThrow(secret);
    });

    test('let pictures in from their own hosts only', () => {
      const { avatarUrl } = provider.toIdentity(sample.userinfo);
      expect(allowedPicture(provider, avatarUrl)).toBe(avatarUrl);
      const url = new URL(avatarUrl!);
      const tail = `${url.host}${url.pathname}`;
      const foreign = [
        null,
        '',
        'picture.png',
        'javascript:alert(1)',
        'data:image/png;base64,AAAA',
        'blob:https://evil.example/1',
        `http://${tail}`,
        `//${tail}`,
        `//evil.example/${tail}`,
        `https://user:pw@${tail}`,
        `https://user@${tail}`,
        `https://${url.host}:444${url.pathname}`,
        `https://${url.host}.evil.example${url.pathname}`,
        `https://evil.example/${tail}`,
        `https://evil.example/?https://${tail}`,
        `https://${url.host}@evil.example/`,
        `https://evil-${tail}`,
        `https://${tail}${'x'.repeat(2000)}`,
      ];
      for (const address of foreign)
        expect([address, allowedPicture(provider, address)]).toEqual([address, null]);
    });

    test('name picture hosts with https and a slash at the end', () => {
      expect(provider.imageSources.length).toBeGreaterThan(0);
      for (const source of provider.imageSources) expect(source).toMatch(/^https:\/\/[a-z.-]+\/$/);
    });

    test('move to the sandbox as a whole and keep the true addresses', () => {
      const played = inSandbox(provider, sandboxUrl);
      const moved = (address: string) => address.replace('https:/', sandboxUrl);
      expect(played.issuer).toBe(moved(provider.issuer));
      expect(Object.keys(played.endpoints)).toEqual(Object.keys(provider.endpoints));
      for (const [name, address] of Object.entries(provider.endpoints)) {
        expect(played.endpoints).toHaveProperty(name, moved(address));
      }
      expect(played.publicEndpoints).toEqual(provider.endpoints);
      expect(played.imageSources).toEqual(provider.imageSources.map(moved));
    });

    test('change in the sandbox in nothing but addresses', () => {
      const { issuer, endpoints, publicEndpoints, imageSources, toIdentity, ...rest } = inSandbox(
        provider,
        sandboxUrl,
      );
      expect(publicEndpoints).not.toEqual(endpoints);
      expect([issuer, ...imageSources].every((address) => address.startsWith(`${sandboxUrl}/`))).toBe(true);
      expect(provider).toMatchObject(rest);
      const { avatarUrl, ...facts } = toIdentity(sample.userinfo);
      expect(provider.toIdentity(sample.userinfo)).toMatchObject(facts);
      expect(avatarUrl).toMatch(new RegExp(`^${sandboxUrl}/`));
    });

    test('let pictures in from the sandbox only once they lie there', () => {
      const played = inSandbox(provider, sandboxUrl);
      const { avatarUrl } = played.toIdentity(sample.userinfo);
      expect(allowedPicture(played, avatarUrl)).toBe(avatarUrl);
      expect(allowedPicture(played, provider.toIdentity(sample.userinfo).avatarUrl)).toBeNull();
      expect(allowedPicture(played, `${sandboxUrl}/evil.example/picture.png`)).toBeNull();
      expect(allowedPicture(played, avatarUrl!.replace('http:', 'https:'))).toBeNull();
    });
  });
}
