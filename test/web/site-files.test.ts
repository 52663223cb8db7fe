import { readFileSync } from 'node:fs';
import supertest from 'supertest';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
afterEach(() => latchkey?.close());

const get = (path: string) => supertest(new URL(latchkey.baseUrl).origin).get(path);

/** Width and height of a PNG, from its first chunk. */
function sizeOf(picture: Buffer): [number, number] {
  expect(picture.subarray(1, 4).toString()).toBe('PNG');
  return [picture.readUInt32BE(16), picture.readUInt32BE(20)];
}

test('robots.txt closes all that is of one person, and leaves the first page and the help open', async () => {
  latchkey = await startLatchkey({ basePath: '/app' });
  const { status, text, headers } = await get('/app/robots.txt');
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
  const closed = text.split('\n').flatMap((line) => /^Disallow: (.+)$/.exec(line)?.slice(1) ?? []);
  expect(closed).toContain('/app/inspector');
  const isClosed = (path: string) => closed.some((start) => path.startsWith(start));
  expect(['/app/profile/twitch/unlink', '/app/login/twitch', '/app/sessions'].map(isClosed)).not.toContain(
    false,
  );
  expect(['/app/', '/app/help', '/app/assets/latchkey.css'].map(isClosed)).not.toContain(true);
  expect(headers['set-cookie']).toBeUndefined();
});

describe('security.txt', () => {
  test('names whom to tell, and an end in the future (RFC 9116)', async () => {
    latchkey = await startLatchkey({ env: { SECURITY_CONTACT: 'mailto:holes@example.org' } });
    const { status, text } = await get('/.well-known/security.txt');
    expect(status).toBe(200);
    expect(text).toContain('Contact: mailto:holes@example.org\n');
    expect(text).toContain(`Canonical: ${latchkey.baseUrl}/.well-known/security.txt\n`);
    const end = Date.parse(/^Expires: (.+)$/m.exec(text)?.[1] ?? '');
    expect(end).toBeGreaterThan(Date.now());
    expect(end).toBeLessThan(Date.now() + 365 * 24 * 60 * 60 * 1000);
    const help = await new Visitor().open(`${latchkey.baseUrl}/help`);
    expect(help.$('main a').attr('href')).toBe('mailto:holes@example.org');
    expect(help.$('main a').text()).toBe('holes@example.org');
  });

  test('is not found where nobody is named', async () => {
    latchkey = await startLatchkey();
    expect((await get('/.well-known/security.txt')).status).toBe(404);
    expect((await new Visitor().open(`${latchkey.baseUrl}/help`)).$('main a')).toHaveLength(0);
  });
});

test('the manifest names icons that are there, in the sizes that it says', async () => {
  latchkey = await startLatchkey({ basePath: '/app' });
  const page = await new Visitor().open(`${latchkey.baseUrl}/`);
  const href = page.$('link[rel=manifest]').attr('href')!;
  const { body, headers } = await get(href);
  expect(headers['content-type']).toMatch(/^application\/manifest\+json/);
  expect(body).toMatchObject({ name: 'Latchkey', start_url: '/app/', scope: '/app/' });
  for (const { src, type, sizes } of body.icons) {
    const icon = await get(src);
    expect([src, icon.status, icon.headers['content-type']]).toEqual([src, 200, type]);
    if (type === 'image/png') expect(sizeOf(icon.body).join('x')).toBe(sizes);
  }
  const touch = await get(page.$('link[rel=apple-touch-icon]').attr('href')!);
  expect(sizeOf(touch.body)).toEqual([180, 180]);
});

test('other sites are told what the first page is, with a picture at a whole address', async () => {
  latchkey = await startLatchkey();
  const visitor = new Visitor();
  const { $ } = await visitor.open(`${latchkey.baseUrl}/`);
  const said = (name: string) => $(`meta[property="${name}"]`).attr('content')!;
  expect(said('og:title')).toBe('Sign in – Latchkey');
  expect(said('og:description')).toContain('Twitch');
  const picture = new URL(said('og:image'));
  expect(picture.origin).toBe(new URL(latchkey.baseUrl).origin);
  const answer = await get(picture.pathname + picture.search);
  expect(sizeOf(answer.body)).toEqual([1200, 630]);
  expect(answer.body.length).toBeLessThan(100_000);
});

test('pages that are of one person tell other sites nothing', async () => {
  latchkey = await startLatchkey();
  const page = await new Visitor().open(`${latchkey.baseUrl}/help`);
  expect(page.$('meta[property^="og:"]')).toHaveLength(0);
});

test('the one small script is under 5 kB, as it is', () => {
  const script = readFileSync(new URL('../../public/latchkey.js', import.meta.url));
  expect(script.length).toBeLessThan(5000);
});
