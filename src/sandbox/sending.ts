import type { RequestHandler, Response } from 'express';
import type { AnswerFault, ChangedAnswer } from './answer-faults.ts';
import type { SandboxParts } from './parts.ts';

function faultsOf(res: Response): readonly AnswerFault[] {
  return (res.locals['sendingFaults'] as AnswerFault[] | undefined) ?? [];
}

function change(body: string, faults: readonly AnswerFault[]): ChangedAnswer {
  const changing = faults.find((fault) => fault.change);
  return changing?.change ? changing.change(body) : { body };
}

/**
 * The last thing that happens to an answer, after everything that signs it: what a fault changes here
 * was changed on the way, as far as the client can tell. Of several that change the first counts, and of
 * several that deliver.
 */
export function breakableAnswers({ delays, state }: SandboxParts): RequestHandler {
  return (_req, res, next) => {
    const send = res.send.bind(res);
    res.send = (body: unknown) => {
      const faults = faultsOf(res);
      if (faults.length === 0 || typeof body !== 'string') return send(body);
      const changed = change(body, faults);
      res.set(changed.headers ?? {});
      const delivering = faults.find((fault) => fault.deliver);
      if (!delivering?.deliver) return send(changed.body);
      // What `send` would say by itself; without it a browser shows a page as text (`nosniff`).
      if (!res.get('Content-Type') && changed.body.length > 0) res.type('html');
      if (state.hold(res)) delivering.deliver(res, changed.body, delays);
      return res;
    };
    next();
  };
}

export function breakSending(res: Response, fault: AnswerFault): void {
  res.locals['sendingFaults'] = [...faultsOf(res), fault];
}

/** An answer without a body, which can break like any other and says nothing of a type while it is whole. */
export function sendEmpty(res: Response): void {
  if (faultsOf(res).length === 0) res.end();
  else res.send('');
}
