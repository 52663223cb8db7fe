import express from 'express';
import supertest from 'supertest';
import { addHealthRoutes } from '../../src/web/health.ts';
import { until } from '../support/until.ts';

let asked: number;
let check: () => Promise<void>;
let stopping: boolean;
let arrived: number;
let now: number;
let app: express.Express;
beforeEach(() => {
  asked = 0;
  check = async () => {};
  stopping = false;
  arrived = 0;
  now = 0;
  const probe = () => {
    asked += 1;
    return check();
  };
  app = express();
  app.use((_request, _response, next) => {
    arrived += 1;
    next();
  });
  addHealthRoutes(
    app,
    probe,
    () => stopping,
    () => now,
  );
});

const down = () => Promise.reject(new Error('down'));
const statusOf = async (path: string) => (await supertest(app).get(path)).status;

test('/readyz says whether the stores answer, /healthz does not care', async () => {
  check = down;
  expect(await statusOf('/readyz')).toBe(503);
  expect(await statusOf('/healthz')).toBe(200);
  expect(asked).toBe(1);
});

test('however many ask, the stores are asked once in a second', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => statusOf('/readyz')));
  expect(new Set(answers)).toEqual(new Set([200]));
  expect(asked).toBe(1);
});

test('those who ask while the stores are being asked get the same answer', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  check = () => promise;
  const both = Promise.all([statusOf('/readyz'), statusOf('/readyz')]);
  await until(() => arrived === 2);
  reject(new Error('down'));
  expect(await both).toEqual([503, 503]);
  expect(asked).toBe(1);
});

test('after a second they are asked again', async () => {
  check = down;
  expect(await statusOf('/readyz')).toBe(503);
  check = async () => {};
  expect(await statusOf('/readyz')).toBe(503);
  now += 999;
  expect(await statusOf('/readyz')).toBe(503);
  now += 1;
  expect(await statusOf('/readyz')).toBe(200);
});

test('a process that stops says so at once', async () => {
  expect(await statusOf('/readyz')).toBe(200);
  stopping = true;
  expect(await statusOf('/readyz')).toBe(503);
});
