import type { IncomingMessage, ServerResponse } from 'node:http';
import supertest from 'supertest';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { type Page, signIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});
afterEach(() => latchkey?.close());

async function start(name: string): Promise<Page> {
  await openHome();
  return visitor.press(`Continue with ${name}`);
}

const openHome = (who = visitor) => who.open(`${latchkey.baseUrl}/`);

async function switchOn(): Promise<void> {
  await openHome();
  await visitor.press('Switch on step mode');
}

test('the front page switches it on and off, here and in the sandbox', async () => {
  latchkey = await startLatchkey();
  const { settings } = latchkey.sandbox.state;
  expect((await openHome()).text).toContain('Step mode is off.');
  const on = await visitor.press('Switch on step mode');
  expect(on.heading).toBe('Sign in');
  expect(on.text).toContain('Step mode is on.');
  expect(settings.stepMode).toBe(true);
  expect((await visitor.press('Switch off step mode')).text).toContain('Step mode is off.');
  expect(settings.stepMode).toBe(false);
});

test('a login then stops before it leaves, and shows each parameter and what it is for', async () => {
  latchkey = await startLatchkey();
  await switchOn();
  const stop = await start('Resonite');
  expect(stop.heading).toBe('About to go to Resonite');
  expect(stop.$('meta[http-equiv=refresh]')).toHaveLength(0);
  const rows = stop.$('table.params tbody tr').toArray();
  const names = rows.map((row) => stop.$(row).find('th').text());
  const next = new URL(stop.$('a.main').attr('href')!);
  expect(names).toEqual([...next.searchParams.keys()]);
  expect(names).toContain('code_challenge');
  expect(stop.text).toContain('Ties the answer to this login and this browser');
  expect(stop.$('table.params').text()).toContain(next.searchParams.get('state')!);
});

test('and goes on through the stops of the sandbox to the end', async () => {
  latchkey = await startLatchkey();
  latchkey.sandbox.state.settings.autoApprove = true;
  await switchOn();
  await start('Mixer');
  expect((await visitor.press('Go on to Mixer')).heading).toBe('The application sent your browser here');
  expect((await visitor.press('Go on at Sandbox Mixer')).heading).toBe('Next: back to the application');
  expect((await visitor.press('Go on to')).heading).toBe('Your accounts');
});

test('it is a matter of one browser; another one is led on at once', async () => {
  latchkey = await startLatchkey();
  await switchOn();
  const other = new Visitor();
  other.stopBefore = /\/authorize\?/;
  await openHome(other);
  await other.press('Continue with Twitch').catch(() => null);
  expect(other.stoppedAt?.pathname).toBe('/id.twitch.tv/oauth2/authorize');
});

test('SANDBOX_STEPS is how it begins', async () => {
  latchkey = await startLatchkey({ env: { SANDBOX_STEPS: 'true' } });
  expect((await openHome()).text).toContain('Step mode is on.');
  expect((await start('Twitch')).heading).toBe('About to go to Twitch');
  await openHome();
  expect((await visitor.press('Switch off step mode')).text).toContain('Step mode is off.');
});

test('the switch on the front page keeps where somebody wanted to go', async () => {
  latchkey = await startLatchkey();
  await visitor.open(`${latchkey.baseUrl}/?return_to=/sessions`);
  await visitor.press('Switch on step mode');
  expect(visitor.page.url.search).toBe('?return_to=%2Fsessions');
});

test('the page to learn from has the switch too, and comes back to itself', async () => {
  latchkey = await startLatchkey();
  await visitor.open(`${latchkey.baseUrl}/learn`);
  const page = await visitor.press('Switch on step mode');
  expect(page.heading).toBe('A login, step by step');
  expect(page.text).toContain('Step mode is on.');
});

test('where every service is live, the app alone stops, and nothing is asked of a sandbox', async () => {
  const env = {
    SANDBOX: 'off',
    TWITCH_CLIENT_ID: 'a'.repeat(30),
    TWITCH_CLIENT_SECRET: 'b'.repeat(30),
  };
  latchkey = await startLatchkey({ env });
  await switchOn();
  expect(visitor.page.text).toContain('Step mode is on.');
  expect(visitor.page.text).not.toContain('in the sandbox');
  const stop = await start('Twitch');
  expect(stop.text).toContain('https://id.twitch.tv/oauth2/authorize');
});

test('a sandbox that does not answer is said, and this app stops all the same', async () => {
  latchkey = await startLatchkey({ env: { SANDBOX_URL: 'http://localhost:1' } });
  await openHome();
  const page = await visitor.press('Switch on step mode');
  expect(page.text).toContain('Step mode was switched for this app alone: the sandbox did not answer.');
  expect(page.text).toContain('Step mode is on.');
});

test('somebody who is signed in is told that too, on the page where the switch is', async () => {
  const standIn = ({ url }: IncomingMessage, response: ServerResponse) => {
    if (url === '/api/settings') response.destroy();
    return url === '/api/settings';
  };
  latchkey = await startLatchkey({ standIn });
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  await visitor.open(`${latchkey.baseUrl}/learn`);
  const page = await visitor.press('Switch on step mode');
  expect(page.heading).toBe('A login, step by step');
  expect(page.text).toContain('Step mode was switched for this app alone: the sandbox did not answer.');
  expect(page.text).toContain('Step mode is on.');
});

test('it is switched by nothing but its two words, from a page of ours', async () => {
  latchkey = await startLatchkey();
  const post = (site: string, on: string) =>
    supertest(latchkey.baseUrl)
      .post('/learn/steps')
      .set('Sec-Fetch-Site', site)
      .type('form')
      .send({ on, return_to: 'https://evil.example/' });
  expect((await post('cross-site', 'yes')).status).toBe(403);
  expect((await post('same-origin', 'perhaps')).status).toBe(400);
  expect(latchkey.sandbox.state.settings.stepMode).toBe(false);
  const { status, headers } = await post('same-origin', 'yes');
  expect([status, headers['location']]).toEqual([303, '/']);
});

test('in production there is no step mode, whatever the cookie says', async () => {
  latchkey = await startLatchkey({ env: { NODE_ENV: 'production', SANDBOX: 'on' } });
  expect((await openHome()).text).not.toContain('Step mode');
  const answer = await supertest(latchkey.baseUrl)
    .post('/learn/steps')
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send({ on: 'yes' });
  expect(answer.status).toBe(404);
  visitor.cookies.set('localhost', new Map([['latchkey-steps', 'on']]));
  visitor.stopBefore = /\/authorize\?/;
  await openHome();
  await visitor.press('Continue with Twitch').catch(() => null);
  expect(visitor.stoppedAt?.pathname).toBe('/id.twitch.tv/oauth2/authorize');
});
