import type { Request, RequestHandler, Response } from 'express';
import { type AnswerFault, answerFaultNames, answerFaults } from './answer-faults.ts';
import { breakSending } from './sending.ts';
import type { FaultName, FaultyEndpoint } from './faults.ts';
import { type Exchange, type SandboxParts, startExchange } from './parts.ts';
import { ProtocolError } from './protocol-error.ts';
import { noteFaults } from './request-log.ts';

export type { Exchange } from './parts.ts';

/** One thing that a request must be, by name, with the place that the rule comes from. */
export interface Check<E extends Exchange> {
  readonly name: string;
  /** A section of a standard, a page of the provider's documentation, or who saw it. */
  readonly source: string;
  readonly run: (exchange: E) => void | Promise<void>;
}

export type Respond<E extends Exchange> = (exchange: E) => void | Promise<void>;

export function check<E extends Exchange>(name: string, source: string, run: Check<E>['run']): Check<E> {
  return { name, source, run };
}

async function runChecks<E extends Exchange>(checks: readonly Check<E>[], exchange: E): Promise<void> {
  for (const each of checks) {
    try {
      await each.run(exchange);
    } catch (error) {
      if (error instanceof ProtocolError) error.failedCheck ??= each;
      throw error;
    }
  }
}

/** Never settles; the response is kept so that closing the sandbox can end it. */
async function hang(exchange: Exchange): Promise<void> {
  const { parts, res } = exchange;
  noteFaults(exchange);
  parts.state.hold(res);
  await new Promise<never>(() => {});
}

/** Lets the answer of this endpoint break in each way that a fault asks for. */
async function breakAnswer(exchange: Exchange, endpoint: FaultyEndpoint): Promise<void> {
  const { parts, req } = exchange;
  const has = (kind: string): boolean => parts.faults.has(`${endpoint}_${kind}` as FaultName);
  if (has('hang')) await hang(exchange);
  for (const kind of answerFaultNames) {
    const fault: AnswerFault = answerFaults[kind];
    if (!fault.instead && !fault.change && !fault.deliver) continue;
    if (!has(kind)) continue;
    const instead = fault.instead?.(req, `${parts.baseUrl}/elsewhere/${endpoint}`);
    if (instead) {
      throw new ProtocolError({ ...instead, channel: 'fault', verdict: `fault ${endpoint}_${kind}` });
    }
    breakSending(exchange.res, fault);
  }
  noteFaults(exchange);
}

export interface Endpoint<E extends Exchange> {
  /** Under which name its answer can break; null for pages, which have faults of their own. */
  readonly faults: FaultyEndpoint | null;
  readonly start: (exchange: Exchange) => E;
  readonly checks: readonly Check<E>[];
  readonly respond: Respond<E>;
}

/** An endpoint is its checks, in order, and then its answer. */
export function endpoint<E extends Exchange>(
  parts: SandboxParts,
  { faults, start, checks, respond }: Endpoint<E>,
): RequestHandler {
  return async (req: Request, res: Response) => {
    const exchange = startExchange(parts, req, res);
    if (faults) await breakAnswer(exchange, faults);
    const own = start(exchange);
    await runChecks(checks, own);
    await respond(own);
  };
}

interface GrantHandling<E extends Exchange> {
  readonly checks: readonly Check<E>[];
  readonly respond: Respond<E>;
}

export interface TokenEndpoint<E extends Exchange> {
  readonly start: (exchange: Exchange) => E;
  /** Common to all grants. */
  readonly checks: readonly Check<E>[];
  readonly grants: Readonly<Record<'authorization_code' | 'refresh_token', GrantHandling<E>>> & {
    readonly client_credentials?: GrantHandling<E>;
  };
}

/** A token endpoint: checks common to all grants, then those of the one that `grant_type` names. */
export function tokenEndpoint<E extends Exchange & { parameters: ReadonlyMap<string, string> }>(
  parts: SandboxParts,
  { start, checks, grants }: TokenEndpoint<E>,
): RequestHandler {
  const respond: Respond<E> = async (exchange) => {
    const grantType = exchange.parameters.get('grant_type');
    // Mixin wants no grant_type.
    const named = Object.entries(grants).find(([name]) => name === grantType)?.[1];
    const grant = named ?? grants.authorization_code;
    if (grantType === 'refresh_token') await breakAnswer(exchange, 'refresh');
    await runChecks(grant.checks, exchange);
    await grant.respond(exchange);
  };
  return endpoint(parts, { faults: 'token', start, checks, respond });
}

/** A document that is there for everybody. */
export function documentEndpoint(
  parts: SandboxParts,
  faults: FaultyEndpoint,
  document: (exchange: Exchange) => object,
): RequestHandler {
  const respond: Respond<Exchange> = (exchange) => void exchange.res.json(document(exchange));
  return endpoint(parts, { faults, start: (exchange) => exchange, checks: [], respond });
}
