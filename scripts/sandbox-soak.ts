import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { createSandbox } from '../src/sandbox/app.ts';
import { madeUpRegistrations } from '../src/sandbox/registration-file.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';

/*
 * node --expose-gc scripts/sandbox-soak.ts [logins]
 *
 * Many whole logins at the sandbox, each of another person: authorization, token, profile. Prints the
 * heap after each tenth, with the garbage collected.
 */

const logins = Number(process.argv[2] ?? 100_000);
const redirectUri = 'http://localhost:8080/callback';
const { clientId, clientSecret } = madeUpClients.twitch;
const dispatcher = new Agent({ connections: 16 });

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const sandbox = await createSandbox({
  baseUrl: origin,
  registrations: madeUpRegistrations([redirectUri]),
  autoApprove: true,
  now: Date.now,
});
server.on('request', sandbox.app);

async function login(number: number): Promise<void> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid user:read:email',
    state: `state-${number}`,
  });
  const authorization = await request(`${origin}/id.twitch.tv/oauth2/authorize?${query}`, {
    dispatcher,
    headers: { 'X-Sandbox-Person': `Visitor ${number}` },
  });
  await authorization.body.dump();
  const code = new URL(String(authorization.headers['location'])).searchParams.get('code') ?? '';
  const grant = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  const body = new URLSearchParams({ ...grant, client_id: clientId, client_secret: clientSecret });
  const token = await request(`${origin}/id.twitch.tv/oauth2/token`, {
    dispatcher,
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  });
  const { access_token } = (await token.body.json()) as { access_token: string };
  const profile = await request(`${origin}/api.twitch.tv/helix/users`, {
    dispatcher,
    headers: { Authorization: `Bearer ${access_token}`, 'Client-Id': clientId },
  });
  const user = (await profile.body.json()) as { data: { display_name: string }[] };
  if (user.data[0]?.display_name !== `Visitor ${number}`) throw new Error(`login ${number} went wrong`);
}

async function loginAll(from: number, end: number): Promise<void> {
  let next = from;
  async function work(): Promise<void> {
    while (next < end) {
      next += 1;
      await login(next);
    }
  }
  await Promise.all(Array.from({ length: 16 }, work));
}

function heapMegabytes(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1024 / 1024);
}

if (!globalThis.gc) throw new Error('Start it with --expose-gc');
console.log(`0 logins: ${heapMegabytes()} MB of heap`);
const step = Math.ceil(logins / 10);
for (let done = 0; done < logins; done += step) {
  const startedAt = performance.now();
  await loginAll(done, Math.min(done + step, logins));
  const each = (performance.now() - startedAt) / step;
  console.log(
    `${Math.min(done + step, logins)} logins: ${heapMegabytes()} MB, ${each.toFixed(2)} ms a login`,
  );
}
await sandbox.close();
await dispatcher.close();
server.close();
