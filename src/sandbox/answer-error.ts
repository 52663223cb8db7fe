import type { NextFunction, Request, Response } from 'express';
import { isStepping, showDeparture } from './front-channel.ts';
import { sendPage } from './pages.ts';
import { hostOf, type SandboxParts, startExchange } from './parts.ts';
import { ProtocolError } from './protocol-error.ts';
import { setVerdict } from './request-log.ts';
import { sendEmpty } from './sending.ts';
import { type Service, serviceOfHost } from './services.ts';

function serviceOf(parts: SandboxParts, req: Request): Service | null {
  return serviceOfHost(hostOf(parts, req));
}

function answerProtocolError(parts: SandboxParts, error: ProtocolError, req: Request, res: Response): void {
  setVerdict(res, error.message, error.failedCheck);
  res.status(error.status).set(error.headers);
  const exchange = startExchange(parts, req, res);
  if (error.channel === 'redirect' && isStepping(exchange)) showDeparture(exchange, error.location!);
  else if (error.location !== null) sendEmpty(res.location(error.location));
  else if (error.channel === 'page') {
    sendPage(parts, res, 'error', serviceOf(parts, req), { explanation: error.body });
  } else res.type(error.contentType).send(error.body);
}

/** The one place where a refusal becomes an answer, by its channel. */
export function answerError(parts: SandboxParts) {
  return (error: unknown, req: Request, res: Response, next: NextFunction): void => {
    if (res.headersSent) next(error);
    else if (error instanceof ProtocolError) answerProtocolError(parts, error, req, res);
    else {
      setVerdict(res, String(error));
      const status = (error as { status?: number } | null)?.status ?? 500;
      res.status(status).type('text/plain').send('The sandbox could not answer.\n');
    }
  };
}
