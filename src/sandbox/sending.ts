import type { RequestHandler, Response } from 'express';
import type { AnswerFault, ChangedAnswer, Delays } from './answer-faults.ts';

const noChange = (body: string): ChangedAnswer => ({ body });

/**
 * The last thing that happens to an answer, after everything that signs it: what a fault changes here
 * was changed on the way, as far as the client can tell.
 */
export function breakableAnswers({ delays }: { delays: Delays }): RequestHandler {
  return (_req, res, next) => {
    const send = res.send.bind(res);
    res.send = (body: unknown) => {
      const fault = res.locals['sendingFault'] as AnswerFault | undefined;
      if (!fault || typeof body !== 'string') return send(body);
      const changed = (fault.change ?? noChange)(body);
      res.set(changed.headers ?? {});
      if (!fault.deliver) return send(changed.body);
      fault.deliver(res, changed.body, delays);
      return res;
    };
    next();
  };
}

/** Of two such faults the later one counts. */
export function breakSending(res: Response, fault: AnswerFault): void {
  res.locals['sendingFault'] = fault;
}
