import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../src/storage/storage-error.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { testSecret } from '../support/latchkey.ts';
import { freePort, startProcess, stopProcess } from '../support/process.ts';
import { describeWith } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { signIn, Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { useScenes } from './witness.ts';

/* What one process does when it is told to stop is in test/keeping-going/stop.test.ts. */

/** Not either when it is so late that the node has gone. */
function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status !== 503,
    () => false,
  );
}

attack('REL-08', () => {
  describeWith('PostgreSQL and Redis', 'two nodes that are restarted one after the other', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      const env = { DRAIN_SECONDS: '3' };
      cluster = await startCluster({ stores: 'PostgreSQL and Redis', size: 2, env });
    });
    afterAll(() => cluster.close());

    test('by SIGTERM, while people sign in: nobody notices, and both end with 0 in time', async () => {
      cluster.sendTo(null);
      let over = false;
      const pages: [status: number, heading: string][] = [];
      const keepSigningIn = async () => {
        while (!over) {
          const visitor = new Visitor();
          const page = await signIn(visitor, cluster.baseUrl, 'Mixin');
          pages.push([page.status, page.heading]);
          await visitor.press('Sign out');
          pages.push([visitor.page.status, visitor.page.heading]);
        }
      };
      const restart = async (node: number) => {
        const before = pages.length;
        await until(() => pages.length > before + 4, 30_000);
        const startedAt = performance.now();
        const { child } = cluster.nodes[node]!;
        const exit = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        // As a proxy does: it hears that the node is not ready any more, and goes to the other one.
        await until(async () => !(await isReady(cluster.ports[node]!)));
        cluster.sendTo(1 - node);
        expect(await exit).toBe(0);
        expect(performance.now() - startedAt).toBeLessThan(3000 + 10_000);
        await cluster.startNode(node);
        cluster.sendTo(null);
      };
      const people = Promise.all(Array.from({ length: 4 }, keepSigningIn));
      try {
        await restart(0);
        await restart(1);
      } finally {
        over = true;
      }
      await people;
      const wanted = ['Your accounts', 'Sign in'];
      expect(pages.filter(([status, heading]) => status !== 200 || !wanted.includes(heading))).toEqual([]);
      expect(pages.length).toBeGreaterThan(20);
    }, 120_000);
  });
});

/* Errors thrown where nobody catches them are in test/keeping-going/stop.test.ts, too. */

attack('REL-12', () => {
  describe('a session that cannot be stored when even the error page is sent', () => {
    const scenes = useScenes();
    const { env } = process;
    const mode = env['NODE_ENV'];
    const usualError = console.error;
    const printed: unknown[] = [];
    beforeEach(() => {
      // With the mode of tests Express would keep what it has to say to itself.
      env['NODE_ENV'] = 'development';
      console.error = (...words: unknown[]) => void printed.push(words);
    });
    afterEach(() => {
      env['NODE_ENV'] = mode;
      console.error = usualError;
    });

    test('is logged as any failure, and Express prints nothing', async () => {
      const scene = await scenes();
      const { records } = scene.latchkey;
      const visitor = scene.visitor();
      await signIn(visitor, scene.baseUrl, 'Mixin');
      // Long enough for the visit to be written down, which express-session does while it sends the page.
      scene.latchkey.advance(10 * 60 * 1000);
      const { prolong } = records;
      Object.assign(records, { prolong: () => Promise.reject(new StorageError('unavailable', 'TEST')) });
      expect((await visitor.open(`${scene.baseUrl}/profile`)).heading).toBe('Your accounts');
      expect((await visitor.open(`${scene.baseUrl}/nowhere`)).heading).toBe('Page not found');
      Object.assign(records, { prolong });
      const failures = scene.latchkey.logLines.filter((line) => line.includes('"store_unavailable"'));
      expect(failures).toHaveLength(2);
      expect(printed).toEqual([]);
    });
  });

  describe('a process on SQLite', () => {
    let folder: string;
    let env: Record<string, string>;
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
      const port = String(await freePort());
      env = { PORT: port, SANDBOX_PORT: String(await freePort()), SESSION_SECRET: testSecret };
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const url = () => `http://localhost:${env['PORT']}`;

    test('whose log nobody reads any more ends with 1, and the next one has every session', async () => {
      const { child } = await startProcess(folder, env);
      const visitor = new Visitor();
      await signIn(visitor, url(), 'Mixin');
      const exit = new Promise((resolve) => child.once('exit', resolve));
      child.stdout!.destroy();
      child.stderr!.destroy();
      // Something to log.
      await visitor.open(`${url()}/help`).catch(() => null);
      await visitor.open(`${url()}/help`).catch(() => null);
      expect(await exit).toBe(1);
      const next = await startProcess(folder, env);
      expect((await visitor.open(`${url()}/profile`)).heading).toBe('Your accounts');
      expect(await stopProcess(next.child, 'SIGTERM')).toBe(0);
    }, 30_000);

    test('goes on when clients reset connections, send nonsense or leave in the middle', async () => {
      const { child, output } = await startProcess(folder, env);
      const visitor = new Visitor();
      await signIn(visitor, url(), 'Twitch');
      const cookie = visitor.cookieHeader(new URL(url()));
      const page = `GET /profile HTTP/1.1\r\nHost: localhost:${env['PORT']}\r\nCookie: ${cookie}\r\n\r\n`;
      const clients = ['', '\u0000\u0001', 'GET', 'GET / HTTP/9.9\r\n\r\n', page, `${page}${page}`];
      for (const words of [...clients, ...clients]) {
        const socket = connect(Number(env['PORT']), '127.0.0.1');
        socket.on('error', () => {});
        await new Promise<void>((resolve) => socket.write(words, () => resolve()));
        socket.resetAndDestroy();
      }
      expect((await visitor.open(`${url()}/profile`)).heading).toBe('Your accounts');
      expect(child.exitCode).toBeNull();
      expect(output()).not.toContain('"crash"');
      expect(output()).not.toContain('Error:');
      expect(await stopProcess(child, 'SIGTERM')).toBe(0);
    }, 30_000);
  });
});
