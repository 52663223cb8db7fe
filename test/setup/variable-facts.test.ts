import { readConfig } from '../../src/config.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { describeVariable } from '../../src/variable-facts.ts';

const shape = { pattern: /^[a-z0-9]{30}$/, words: '30 lower-case letters and digits' };
const good = 'abcdefghijklmnopqrstuvwxyz0123';

test('a good value is told by its length alone', () => {
  expect(describeVariable(good, shape)).toEqual({ length: 30, oddities: [] });
});

test.each([[undefined], [''], ['   ']])('%j is missing', (raw) => {
  expect(describeVariable(raw, shape)).toEqual({ length: 0, oddities: [] });
});

test.each([
  [` ${good}`, 'has a space at the beginning'],
  [`${good} `, 'has a space at the end'],
  [`"${good}"`, 'has quotes around it'],
  [`'${good}'`, 'has quotes around it'],
  [`${good} # mine`, 'has a comment behind it'],
  ['changeme', 'is a placeholder'],
  ['your-client-id', 'is a placeholder'],
  ['<client id>', 'is a placeholder'],
  ['xxxxxxxx', 'is a placeholder'],
  ['from-the-provider', 'is a placeholder'],
  [good.toUpperCase(), 'is not 30 lower-case letters and digits'],
  [good.slice(1), 'is not 30 lower-case letters and digits'],
])('%j looks wrong: it %s', (raw, words) => {
  expect(describeVariable(raw, shape).oddities).toEqual([words]);
});

test('a value may be odd in two ways', () => {
  expect(describeVariable(' short ', shape).oddities).toEqual([
    'has a space at the beginning',
    'has a space at the end',
    'is not 30 lower-case letters and digits',
  ]);
});

test('a file may end with a line break, but not have quotes', () => {
  expect(describeVariable(`${good}\n`, shape, 'file')).toEqual({ length: 30, oddities: [] });
  expect(describeVariable(`"${good}"\n`, shape, 'file').oddities).toEqual(['has quotes around it']);
});

describe('the configuration describes credentials as they stand in the environment', () => {
  const read = (environment: Record<string, string>, files: Record<string, string> = {}) =>
    readConfig(environment, madeUpClients, (path) => {
      if (!(path in files)) throw new Error('no such file');
      return files[path]!;
    }).credentials;

  test('a space is gone from what is used, and still told', () => {
    const environment = { TWITCH_CLIENT_ID: `${good} `, TWITCH_CLIENT_SECRET: good };
    expect(read(environment)['TWITCH_CLIENT_ID']).toEqual({
      length: 30,
      oddities: ['has a space at the end'],
    });
  });

  test('a secret from a file counts, whatever the variable itself holds', () => {
    const environment = { TWITCH_CLIENT_SECRET: 'x', TWITCH_CLIENT_SECRET_FILE: '/secret' };
    expect(read(environment, { '/secret': `${good}\n` })['TWITCH_CLIENT_SECRET']).toEqual({
      length: 30,
      oddities: [],
    });
  });

  test.each([
    ['TWITCH_CLIENT_ID', '123', 'is not 30 lower-case letters and digits'],
    ['MIXIN_CLIENT_ID', '7000101234', 'is not a UUID, 36 characters with hyphens'],
    ['RESONITE_CLIENT_ID', 'no-guid', 'is not a GUID, 36 characters with hyphens'],
    ['MIXER_CLIENT_ID', 'abc', 'is not 48 digits from 0 to f'],
  ])('%s has the form that its service gives out', (name, value, words) => {
    expect(read({ [name]: value })[name]?.oddities).toEqual([words]);
  });

  test('no value and no part of one is in it', () => {
    const secrets = { TWITCH_CLIENT_ID: 'canary-one', TWITCH_CLIENT_SECRET: ' "canary-two" ' };
    expect(JSON.stringify(read(secrets))).not.toMatch(/canary/);
  });

  test('the clients that the sandbox makes up have the form of true ones', () => {
    for (const [service, { clientId, clientSecret }] of Object.entries(madeUpClients)) {
      const prefix = service.toUpperCase();
      const facts = read({ [`${prefix}_CLIENT_ID`]: clientId, [`${prefix}_CLIENT_SECRET`]: clientSecret });
      expect(facts[`${prefix}_CLIENT_ID`]?.oddities).toEqual([]);
      expect(facts[`${prefix}_CLIENT_SECRET`]?.oddities).toEqual([]);
    }
  });
});
