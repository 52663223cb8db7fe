import type { Request, Response } from 'express';
import type { Delays } from './answer-faults.ts';
import { canFail, type FaultName, readFaultName, RequestFaults } from './faults.ts';
import type { Random } from './random.ts';
import type { Registration } from './registrations.ts';
import type { SigningKeys } from './signing-key.ts';
import { hostInPath, hostsWithoutFaults } from './services.ts';
import type { SandboxState } from './state.ts';

/** Everything the pretended hosts share. */
export interface SandboxParts {
  /** Public address without a trailing slash. */
  baseUrl: string;
  /** Path of `baseUrl`, empty when the sandbox has an origin to itself. */
  basePath: string;
  registrations: readonly Registration[];
  state: SandboxState;
  signingKeys: SigningKeys;
  random: Random;
  delays: Delays;
  /** Milliseconds. */
  now: () => number;
  /** Where the state is kept between two starts; null when it is not. */
  stateFile: string | null;
}

/** The same as one request sees them: with its faults, and by the clock that they leave it. */
export interface RequestParts extends SandboxParts {
  faults: RequestFaults;
}

/** One request at one endpoint; each check may read it, fill in what it found, or throw a ProtocolError. */
export interface Exchange {
  parts: RequestParts;
  req: Request;
  res: Response;
}

const tenMinutes = 10 * 60 * 1000;

/** The faults that a request asks for itself, for scripts: `X-Sandbox-Fault: token_500, no_email`. */
function namesIn(req: Request): string[] {
  const names = (req.get('x-sandbox-fault') ?? '').split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

function namedFaults(req: Request): FaultName[] {
  return namesIn(req).filter((name): name is FaultName => readFaultName(name) !== undefined);
}

/** What is wrong with the faults that a request asks for: a script with a slip would test nothing. */
export function wrongFault(parts: SandboxParts, req: Request): string | undefined {
  const [named, host] = [namedFaults(req), hostOf(parts, req)];
  if (named.length < namesIn(req).length) return 'a fault that is not known';
  // A script may send it along with every request, also for a picture.
  if (hostsWithoutFaults.includes(host)) return undefined;
  return named.every((name) => canFail(host, name)) ? undefined : 'a fault that this host cannot have';
}

/** The pretended host that a request is for. */
export function hostOf({ basePath }: SandboxParts, req: Request): string {
  return hostInPath(req.originalUrl.slice(basePath.length));
}

/** With a clock that is wrong every answer is dated by it (RFC 9110 6.6.1). */
function partsOf(parts: SandboxParts, req: Request, res: Response): RequestParts {
  const faults = new RequestFaults(parts.state.faults, hostOf(parts, req), namedFaults(req));
  const skew = (faults.has('clock_ahead') ? tenMinutes : 0) - (faults.has('clock_behind') ? tenMinutes : 0);
  const now = () => parts.now() + skew;
  if (skew !== 0) res.set('Date', new Date(now()).toUTCString());
  return { ...parts, faults, now };
}

/** What a handler begins with; the same for every handler that the request passes. */
export function startExchange(parts: SandboxParts, req: Request, res: Response): Exchange {
  const own = (res.locals['parts'] as RequestParts | undefined) ?? partsOf(parts, req, res);
  res.locals['parts'] = own;
  return { parts: own, req, res };
}
