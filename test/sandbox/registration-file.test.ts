import { SandboxInputError } from '../../src/sandbox/fault-list.ts';
import { madeUpRegistrations, readRegistrations } from '../../src/sandbox/registration-file.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';

const read = (...entries: object[]) => readRegistrations(JSON.stringify(entries));
const redirectUris = ['http://localhost:8080/callback'];

describe('a registration that is written down', () => {
  test('is read as it stands', () => {
    const whole = {
      service: 'mixer',
      clientId: 'my-id',
      clientSecret: 'my-secret',
      name: 'Mine',
      redirectUris,
      hosts: ['*.example.org'],
    };
    expect(read(whole)).toEqual([whole]);
  });

  test('gets made-up credentials and a name where it has none', () => {
    expect(read({ service: 'twitch', redirectUris })).toEqual([
      { service: 'twitch', ...madeUpClients.twitch, name: 'My application', redirectUris },
    ]);
  });

  test('with an id and no secret is a client without one', () => {
    expect(read({ service: 'mixer', clientId: 'public', redirectUris })).toMatchObject([
      { clientId: 'public', clientSecret: null },
    ]);
  });

  test('may say outright that there is no secret', () => {
    expect(read({ service: 'mixin', clientSecret: null, redirectUris })).toMatchObject([
      { clientId: madeUpClients.mixin.clientId, clientSecret: null },
    ]);
  });

  test('may stand beside another one of the same service', () => {
    const one = { service: 'twitch', clientId: 'one', redirectUris };
    expect(read(one, { ...one, clientId: 'two' })).toHaveLength(2);
  });

  test.each([
    ['not JSON', 'names a file that is not JSON.'],
    ['{}', 'names a file with a mistake in it: it: '],
    ['[]', 'names a file with a mistake in it: it: '],
    ['[{"service":"github","redirectUris":["http://localhost/"]}]', 'in it: 0.service: '],
    ['[{"service":"twitch"}]', 'in it: 0.redirectUris: '],
    ['[{"service":"twitch","redirectUris":[]}]', 'in it: 0.redirectUris: '],
    ['[{"service":"twitch","redirectUris":["nowhere"]}]', 'in it: 0.redirectUris.0: '],
    ['[{"service":"twitch","redirectUris":["http://localhost/"],"secret":"x"}]', 'in it: 0: '],
  ])('%s is refused with the place of the mistake', (text, words) => {
    expect(() => readRegistrations(text)).toThrow(words);
    expect(() => readRegistrations(text)).toThrow(SandboxInputError);
  });
});

test('without a file one application is known at all services, with a return address for each', () => {
  const made = madeUpRegistrations(['http://localhost:8080/auth/{service}/callback']);
  expect(made.map(({ service, redirectUris: [uri] }) => [service, uri])).toEqual([
    ['twitch', 'http://localhost:8080/auth/twitch/callback'],
    ['mixer', 'http://localhost:8080/auth/mixer/callback'],
    ['mixin', 'http://localhost:8080/auth/mixin/callback'],
    ['resonite', 'http://localhost:8080/auth/resonite/callback'],
  ]);
});
