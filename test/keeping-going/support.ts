import type { FaultName } from '../../src/sandbox/faults.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { serviceNames } from '../../src/sandbox/services.ts';
import type { Traffic } from '../../src/oauth/traffic.ts';
import type { RunningLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { captureCallback, type Page, startSignIn, Visitor } from '../support/visitor.ts';

/** The sandbox says yes by itself, so that many people can come at once. */
export const yesToAll = { SANDBOX_AUTO_APPROVE: 'true' };

/** A login as far as the provider's answer: `finish` delivers it. */
export interface Waiting {
  readonly visitor: Visitor;
  readonly callback: URL;
  finish(): Promise<Page>;
}

export async function comeBackFrom(
  latchkey: RunningLatchkey,
  service: Service,
  visitor = new Visitor(),
  start: () => Promise<unknown> = () => startSignIn(visitor, latchkey.baseUrl, serviceNames[service]),
): Promise<Waiting> {
  const callback = await captureCallback(visitor, start, latchkey.baseUrl);
  return { visitor, callback, finish: () => watched(visitor.open(callback.href)) };
}

/** So many people who have come back from a provider, each in a browser of their own. */
export async function crowdFrom(
  latchkey: RunningLatchkey,
  service: Service,
  people: number,
): Promise<Waiting[]> {
  const crowd: Waiting[] = [];
  for (let person = 0; person < people; person++) crowd.push(await comeBackFrom(latchkey, service));
  return crowd;
}

/** Ends what is kept waiting, so that a test that fails in the middle still says where. */
export async function letGo({ sandbox: { state } }: RunningLatchkey): Promise<void> {
  state.faults.clear();
  const isOver = () => {
    for (const response of state.hanging) response.status(500).end();
    return underWay.size === 0;
  };
  await until(isOver, 10_000);
}

const underWay = new Set<Promise<unknown>>();

function watched<Result>(finishing: Promise<Result>): Promise<Result> {
  underWay.add(finishing);
  const forget = () => underWay.delete(finishing);
  finishing.then(forget, forget);
  return finishing;
}

/** Five logins that meet the fault, one after the other: enough to open the circuit. */
export async function openCircuit(
  latchkey: RunningLatchkey,
  service: Service,
  fault: FaultName = 'token_500',
): Promise<void> {
  latchkey.sandbox.state.faults.set(service, fault);
  for (const { finish } of await crowdFrom(latchkey, service, 5)) await finish();
}

export function trafficOf(latchkey: RunningLatchkey, service: Service): Traffic {
  return latchkey.traffic().find(({ provider }) => provider === service)!;
}

export const breakerOf = (latchkey: RunningLatchkey, service: Service) =>
  trafficOf(latchkey, service).breaker.position;

/** How many requests of the application a service has got: those of browsers left out. */
export function arrivedAt(latchkey: RunningLatchkey, service: Service): number {
  return arrivalsAt(latchkey, service).length;
}

export function arrivalsAt({ sandbox: { state } }: RunningLatchkey, service: Service) {
  return state.requests.filter((request) => request.service === service && !/authorize/.test(request.path));
}
