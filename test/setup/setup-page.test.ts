import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import supertest from 'supertest';
import { variables } from '../../src/config.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { type Page, startSignIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});
afterEach(() => latchkey?.close());

async function openSetup(env: Record<string, string> = {}): Promise<Page> {
  latchkey = await startLatchkey({ env });
  return visitor.open(`${latchkey.baseUrl}/setup`);
}

/** One row of a list of checks: state and sentence. */
function row(page: Page, name: string, place = '#server'): string {
  const item = page
    .$(`${place} .result`)
    .toArray()
    .find((element) => page.$(element).find('b').text().trim() === name);
  return page.$(item).text().replace(/\s+/g, ' ').trim();
}

const words = (page: Page, selector: string) => page.$(selector).text().replace(/\s+/g, ' ').trim();

describe('with nothing set', () => {
  test('everything is ready in the sandbox, and the page says so first', async () => {
    const page = await openSetup();
    expect(page.status).toBe(200);
    expect(page.heading).toBe('Setup');
    expect(words(page, '.head p')).toBe('4 of 4 services are ready. Nothing needs you.');
    expect(page.text).toContain('You can use everything with the sandbox right now.');
    expect(words(page, '#twitch .tag')).toBe('Ready in the sandbox');
    expect(words(page, '#mixer .tag')).toBe('Sandbox only');
    expect(words(page, '#mixer')).toContain('Mixer closed on 22 July 2020. There is nothing to set up.');
  });

  test('the return address to paste is the one that a login sends', async () => {
    const page = await openSetup();
    for (const name of ['Twitch', 'Mixin', 'Resonite']) {
      const someone = new Visitor();
      someone.stopBefore = new RegExp(`^${latchkey.sandboxUrl}/[^?]*authorize`);
      await startSignIn(someone, latchkey.baseUrl, name);
      const sent = someone.stoppedAt!.searchParams.get('redirect_uri');
      expect(page.$(`#u-${name.toLowerCase()}`).attr('value')).toBe(sent);
    }
  });

  test('each service has its place, its field, its rules and lines for .env without values', async () => {
    const page = await openSetup();
    expect(page.$('#twitch .hint a').attr('href')).toBe('https://dev.twitch.tv/console/apps');
    expect(words(page, '#twitch .hint')).toContain('field OAuth Redirect URLs');
    expect(words(page, '#mixin')).toContain('so nothing here can test it');
    expect(page.$('#twitch pre').text()).toBe('TWITCH_CLIENT_ID=\nTWITCH_CLIENT_SECRET=');
    expect(words(page, '#resonite .hint')).toContain('the Resonite staff');
  });

  test('there is a message for the staff of Resonite, with the return address and the scopes', async () => {
    const page = await openSetup();
    const message = page.$('#resonite details pre').text();
    expect(message).toContain(`${latchkey.baseUrl}/login/resonite/callback`);
    expect(message).toContain('Scopes: profile email offline_access');
    expect(page.$('#twitch details pre')).toHaveLength(0);
  });
});

describe('variables', () => {
  const cell = (page: Page, name: string) => words(page, `tr:has(th:contains("${name}")) td`);

  test('are set, missing or looking wrong, never shown', async () => {
    const env = {
      TWITCH_CLIENT_ID: 'canaryid00000000000000000000id',
      RESONITE_CLIENT_ID: `${madeUpClients.resonite.clientId} `,
      RESONITE_CLIENT_SECRET: '"canary-secret-of-resonite"',
    };
    const page = await openSetup(env);
    expect(words(page, '.head p')).toBe('2 of 4 services are ready. 2 things need you.');
    expect(cell(page, 'TWITCH_CLIENT_ID')).toBe('set (30 characters)');
    expect(cell(page, 'TWITCH_CLIENT_SECRET')).toBe('missing');
    expect(words(page, '#twitch .tag')).toBe('Missing: TWITCH_CLIENT_SECRET');
    expect(cell(page, 'RESONITE_CLIENT_ID')).toBe(
      'set (36 characters), looks wrong: it has a space at the end',
    );
    expect(cell(page, 'RESONITE_CLIENT_SECRET')).toContain('looks wrong: it has quotes around it');
    expect(words(page, '#resonite .tag')).toBe('Looks wrong: RESONITE_CLIENT_ID, RESONITE_CLIENT_SECRET');
    expect(page.text).not.toContain('You can use everything with the sandbox right now.');
  });

  test('that are complete make the service ready', async () => {
    const page = await openSetup({
      TWITCH_CLIENT_ID: 'a'.repeat(30),
      TWITCH_CLIENT_SECRET: 'b'.repeat(30),
      TWITCH_SCOPES: 'openid channel:bot',
    });
    expect(words(page, '#twitch .tag')).toBe('Ready');
    expect(cell(page, 'TWITCH_SCOPES')).toBe('set (18 characters); 1 scope not known to Latchkey');
  });
});

test('the variables of a service that is closed are listed where one of them is wrong', async () => {
  const page = await openSetup({ MIXER_CLIENT_ID: '"canary"' });
  expect(words(page, '#mixer')).toContain('looks wrong: it has quotes around it');
  await latchkey.close();
  expect((await openSetup()).$('#mixer table')).toHaveLength(0);
});

test('scopes that were chosen count before a service has its credentials, in the message too', async () => {
  const page = await openSetup({ SANDBOX: 'off', RESONITE_SCOPES: 'profile email patreon far seen' });
  expect(words(page, '#resonite tr:has(th:contains("RESONITE_SCOPES")) td')).toBe(
    'set (30 characters); 2 scopes not known to Latchkey',
  );
  expect(page.$('#resonite details pre').text()).toContain('Scopes: profile email patreon far seen\n');
});

describe('Check now', () => {
  const check = async (name: string) => {
    await visitor.open(`${latchkey.baseUrl}/setup`);
    return visitor.press(`Check ${name} now`);
  };

  test.each(['Twitch', 'Resonite', 'Mixer', 'Mixin'])('asks %s and comes back to its card', async (name) => {
    latchkey = await startLatchkey();
    const page = await check(name);
    const id = name.toLowerCase();
    expect(page.url.hash).toBe(`#check-${id}`);
    expect(words(page, `#check-${id} h3`)).toMatch(/^Checked/);
    expect(page.$(`#check-${id} .tag.warn`)).toHaveLength(0);
    expect(words(page, '.head p')).toBe('4 of 4 services are ready. Nothing needs you.');
    expect(row(page, 'Clock')).toContain(`Within 30 seconds of that of ${name}.`);
  });

  test('stays on the page, with the time, until the next one', async () => {
    latchkey = await startLatchkey();
    await check('Twitch');
    latchkey.advance(3 * 60 * 60 * 1000);
    const page = await visitor.open(`${latchkey.baseUrl}/setup`);
    expect(words(page, '#check-twitch h3')).toContain('3 hours ago');
  });

  test('finds a clock that is wrong, and counts it once', async () => {
    latchkey = await startLatchkey();
    latchkey.advance(5 * 60 * 1000);
    const page = await check('Twitch');
    expect(row(page, 'Clock')).toMatch(/^Clock Needs action .*(?:299|300|301) seconds ahead/);
    expect(row(page, 'Clock', '#check-twitch')).toContain('Needs action');
    expect(words(page, '.head p')).toBe('4 of 4 services are ready. 1 thing needs you.');
  });

  test('finds a client id that the service does not know', async () => {
    const env = { TWITCH: 'sandbox', TWITCH_CLIENT_ID: 'u'.repeat(30), TWITCH_CLIENT_SECRET: 's'.repeat(30) };
    latchkey = await startLatchkey({ env });
    const page = await check('Twitch');
    expect(row(page, 'Client id and return address', '#check-twitch')).toContain('TWITCH_CLIENT_ID');
    expect(words(page, '.head p')).toBe('3 of 4 services are ready. 2 things need you.');
  });

  test('finds a wrong secret', async () => {
    const env = {
      TWITCH: 'sandbox',
      TWITCH_CLIENT_ID: madeUpClients.twitch.clientId,
      TWITCH_CLIENT_SECRET: 'canarysecret000000000000000000',
    };
    latchkey = await startLatchkey({ env });
    const page = await check('Twitch');
    expect(row(page, 'Client secret', '#check-twitch')).toMatch(
      /^Client secret Needs action .*TWITCH_CLIENT_SECRET/,
    );
    expect(row(page, 'Client id and return address', '#check-twitch')).toContain('OK');
    expect(page.html).not.toContain('canarysecret');
  });

  test.each([
    ['Twitch', 'OAuth Redirect URLs'],
    ['Mixer', 'Hosts'],
    ['Resonite', 'the registration'],
  ])('finds a return address that %s does not know', async (name, field) => {
    latchkey = await startLatchkey();
    const id = name.toLowerCase();
    latchkey.sandbox.state.faults.set(id as 'twitch', 'authorize_redirect_mismatch');
    const page = await check(name);
    const found = row(page, 'Client id and return address', `#check-${id}`);
    expect(found).toContain(`${latchkey.baseUrl}/login/${id}/callback`);
    expect(found).toContain(field);
  });

  test.each([
    ['Twitch', { TWITCH_SCOPES: 'openid no-such-scope' }],
    ['Resonite', { RESONITE_SCOPES: 'profile no-such-scope' }],
    ['Mixer', { MIXER_SCOPES: 'no-such-scope' }],
    ['Mixin', { MIXIN_SCOPES: 'PHONE:READ' }],
  ])('finds a scope that %s does not know', async (name, env) => {
    latchkey = await startLatchkey({ env: env as unknown as Record<string, string> });
    const id = name.toLowerCase();
    expect(row(await check(name), 'Client id and return address', `#check-${id}`)).toContain(
      `${id.toUpperCase()}_SCOPES`,
    );
  });

  test.each([
    ['authorize_429', 'Resonite is busy (429)'],
    ['authorize_server_error', 'Resonite is failing (server_error)'],
  ] as const)('does not blame the client id for what the service is doing: %s', async (fault, words) => {
    latchkey = await startLatchkey();
    latchkey.sandbox.state.faults.set('resonite', fault);
    const found = row(await check('Resonite'), 'Client id and return address', '#check-resonite');
    expect(found).toContain(`Not checked ${words}, so nothing can be said about them. Check again later.`);
  });

  describe('leads to its trace', () => {
    const openTrace = async (name: string) => {
      await check(name);
      return visitor.press('These messages in full');
    };

    test.each(['Twitch', 'Resonite', 'Mixer', 'Mixin'])('with both messages to %s', async (name) => {
      latchkey = await startLatchkey();
      const page = await openTrace(name);
      expect(page.heading).toMatch(new RegExp(`^${name} check, `));
      expect(words(page, 'h1 ~ .note, .head ~ .note')).toBe(
        `Finished: nothing is wrong, as far as can be seen without signing in at ${name}.`,
      );
      expect(page.$('ol > li[id^=step-]')).toHaveLength(2);
      expect(page.text).toContain(`We sent ${name} a made-up code`);
      expect(page.text).toContain('Client id and return address');
    });

    test('which says what is wrong, and which variable to look at', async () => {
      latchkey = await startLatchkey();
      latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
      const page = await openTrace('Twitch');
      expect(words(page, 'h1 ~ .note, .head ~ .note')).toMatch(
        /^Failed at step 2: Twitch refuses the client id or the client secret\. Compare .*TWITCH_CLIENT_SECRET/,
      );
      expect(page.$('#step-2').text()).toContain('403 Forbidden');
    });

    test('also where the first of the two messages is what failed', async () => {
      latchkey = await startLatchkey();
      latchkey.sandbox.state.faults.set('resonite', 'authorize_redirect_mismatch');
      const page = await openTrace('Resonite');
      expect(words(page, 'h1 ~ .note, .head ~ .note')).toContain(
        'Failed at step 1: Resonite does not know the return address',
      );
    });

    test('that shows where a refusal would send the browser', async () => {
      latchkey = await startLatchkey();
      latchkey.sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
      const step = (await openTrace('Twitch')).$('#step-1').text();
      expect(step).toMatch(
        /location: http:\/\/localhost:\d+\/login\/twitch\/callback\?error=redirect_mismatch/,
      );
    });

    test('in the browser that asked, and in no other', async () => {
      latchkey = await startLatchkey();
      const trace = await openTrace('Twitch');
      const other = new Visitor();
      expect((await other.open(`${latchkey.baseUrl}/setup`)).$('#check-twitch')).toHaveLength(1);
      expect(other.page.text).not.toContain('These messages in full');
      expect((await other.open(trace.url.href)).status).toBe(404);
    });

    test('for an hour; what was found stays', async () => {
      latchkey = await startLatchkey();
      await check('Twitch');
      latchkey.advance(61 * 60 * 1000);
      const page = await visitor.open(`${latchkey.baseUrl}/setup`);
      expect(page.$('#check-twitch')).toHaveLength(1);
      expect(page.text).not.toContain('These messages in full');
    });

    test('unless the inspector is off', async () => {
      latchkey = await startLatchkey({ env: { INSPECTOR: 'off' } });
      expect((await check('Twitch')).text).not.toContain('These messages in full');
    });
  });

  test('gives a service that hangs five seconds', async () => {
    latchkey = await startLatchkey();
    latchkey.sandbox.state.faults.set('twitch', 'token_hang');
    const startedAt = performance.now();
    const page = await check('Twitch');
    expect(row(page, 'Token endpoint', '#check-twitch')).toContain('No answer within 5 seconds.');
    expect(performance.now() - startedAt).toBeLessThan(7000);
  });

  test('is not for other sites to start, nor for a service that is off', async () => {
    latchkey = await startLatchkey({ env: { TWITCH: 'off' } });
    const post = (path: string, site: string) =>
      supertest(latchkey.baseUrl).post(path).set('Sec-Fetch-Site', site);
    expect((await post('/setup/mixin/check', 'cross-site')).status).toBe(403);
    expect((await post('/setup/twitch/check', 'same-origin')).status).toBe(404);
    expect((await post('/setup/nobody/check', 'same-origin')).status).toBe(404);
    const page = await visitor.open(`${latchkey.baseUrl}/setup`);
    expect(words(page, '#twitch')).not.toContain('Check Twitch now');
  });
});

test('works below a path of BASE_URL', async () => {
  latchkey = await startLatchkey({ basePath: '/app' });
  await visitor.open(`${latchkey.baseUrl}/setup`);
  const page = await visitor.press('Check Twitch now');
  expect(page.url.pathname).toBe('/app/setup');
  expect(page.$('#u-twitch').attr('value')).toBe(`${latchkey.baseUrl}/login/twitch/callback`);
});

test('a proxy that is seen and not trusted is told', async () => {
  latchkey = await startLatchkey();
  const { text } = await supertest(latchkey.baseUrl).get('/setup').set('X-Forwarded-For', '203.0.113.7');
  expect(text).toContain('TRUSTED_PROXIES is empty');
});

test('in production the page and its button are not there, nor a way to them', async () => {
  latchkey = await startLatchkey({ env: { NODE_ENV: 'production', SANDBOX: 'on' } });
  expect((await visitor.open(`${latchkey.baseUrl}/setup`)).status).toBe(404);
  expect((await visitor.open(`${latchkey.baseUrl}/`)).html).not.toContain('/setup');
  const answer = await supertest(latchkey.baseUrl)
    .post('/setup/twitch/check')
    .set('Sec-Fetch-Site', 'same-origin');
  expect(answer.status).toBe(404);
});

test('the front page leads to the setup', async () => {
  latchkey = await startLatchkey();
  await visitor.open(`${latchkey.baseUrl}/`);
  expect((await visitor.press('Setup')).heading).toBe('Setup');
});

test('a service that is not set up leads the developer to its place on the page', async () => {
  latchkey = await startLatchkey({ env: { SANDBOX: 'off' } });
  const home = await visitor.open(`${latchkey.baseUrl}/`);
  expect(home.$('a:contains("Set it up")').first().attr('href')).toBe('/setup#twitch');
  expect(words(home, 'main')).toContain('Set one up');
});

test('no value of any variable is in the page, set rightly or wrongly', async () => {
  const env: Record<string, string> = {
    SESSION_SECRET: 'Canary0Session1Secret2With3Many4Characters5',
    TWITCH_CLIENT_ID: 'Canary-Twitch-Id',
    TWITCH_CLIENT_SECRET: '"Canary-Twitch-Secret"',
    MIXIN_CLIENT_ID: ' Canary-Mixin-Id',
    MIXIN_CLIENT_SECRET: 'Canary-Mixin-Secret # note',
    RESONITE_CLIENT_ID: 'Canary-Resonite-Id',
    RESONITE_CLIENT_SECRET: 'Canary-Resonite-Secret',
    MIXER_CLIENT_ID: 'Canary-Mixer-Id',
    MIXER_CLIENT_SECRET: 'Canary-Mixer-Secret',
  };
  for (const name of ['TWITCH', 'MIXIN', 'RESONITE', 'MIXER']) env[name] = 'sandbox';
  const page = await openSetup(env);
  expect(page.html).not.toMatch(/canary/i);
  for (const name of ['Twitch', 'Mixin', 'Resonite', 'Mixer']) await visitor.press(`Check ${name} now`);
  expect(visitor.page.html).not.toMatch(/canary/i);
  expect(latchkey.logLines.join('')).not.toMatch(/canary/i);
});

test('every variable that the checks name is read', () => {
  const text = ['server-checks', 'check-now', 'storage-check']
    .map((name) => readFileSync(join(import.meta.dirname, `../../src/setup/${name}.ts`), 'utf8'))
    .join('');
  const named = [...text.matchAll(/\b[A-Z]+_(?:URL|SECRET|PROXIES|DIR|ENV)\b/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(10);
  // A suffix, put behind the name of a service.
  expect(named.filter((name) => name !== 'CLIENT_SECRET' && !variables.includes(name))).toEqual([]);
});
