import type { Request, RequestHandler, Response } from 'express';
import type { SandboxParts } from './parts.ts';

/** One request at one endpoint; each check may read it, fill in what it found, or throw a ProtocolError. */
export interface Exchange {
  parts: SandboxParts;
  req: Request;
  res: Response;
}

export type Check<E extends Exchange> = (exchange: E) => void | Promise<void>;

export type Respond<E extends Exchange> = (exchange: E) => void | Promise<void>;

async function runChecks<E extends Exchange>(checks: readonly Check<E>[], exchange: E): Promise<void> {
  for (const check of checks) await check(exchange);
}

/** An endpoint is its checks, in order, and then its answer. */
export function endpoint<E extends Exchange>(
  start: (req: Request, res: Response) => E,
  checks: readonly Check<E>[],
  respond: Respond<E>,
): RequestHandler {
  return async (req, res) => {
    const exchange = start(req, res);
    await runChecks(checks, exchange);
    await respond(exchange);
  };
}

export interface GrantHandling<E extends Exchange> {
  checks: readonly Check<E>[];
  respond: Respond<E>;
}

/** A token endpoint: checks common to all grants, then those of the one that `grant_type` names. */
export function tokenEndpoint<E extends Exchange & { parameters: ReadonlyMap<string, string> }>(
  start: (req: Request, res: Response) => E,
  checks: readonly Check<E>[],
  grants: Readonly<Record<'authorization_code' | 'refresh_token', GrantHandling<E>>>,
): RequestHandler {
  return endpoint(start, checks, async (exchange) => {
    const isRefresh = exchange.parameters.get('grant_type') === 'refresh_token';
    const grant = isRefresh ? grants.refresh_token : grants.authorization_code;
    await runChecks(grant.checks, exchange);
    await grant.respond(exchange);
  });
}
