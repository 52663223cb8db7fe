import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import supertest from 'supertest';
import { addHealthRoutes } from '../../src/web/health.ts';

let asked: number;
let check: () => Promise<void>;
let stopping: boolean;
let app: express.Express;
beforeEach(() => {
  asked = 0;
  check = async () => {};
  stopping = false;
  const probe = () => {
    asked += 1;
    return check();
  };
  app = express();
  addHealthRoutes(app, probe, () => stopping);
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
  check = () => sleep(100).then(down);
  const first = statusOf('/readyz');
  await sleep(30);
  expect(await statusOf('/readyz')).toBe(503);
  expect(await first).toBe(503);
  expect(asked).toBe(1);
});

test('after a second they are asked again', async () => {
  check = down;
  expect(await statusOf('/readyz')).toBe(503);
  check = async () => {};
  expect(await statusOf('/readyz')).toBe(503);
  await sleep(1050);
  expect(await statusOf('/readyz')).toBe(200);
});

test('a process that stops says so at once', async () => {
  expect(await statusOf('/readyz')).toBe(200);
  stopping = true;
  expect(await statusOf('/readyz')).toBe(503);
});
