import type { RequestHandler } from 'express';
import type { Exchange } from '../endpoint.ts';
import { type SandboxParts, startExchange } from '../parts.ts';
import type { SigningGrant } from '../records.ts';
import { integrityToken } from './mixin-integrity.ts';

/** The answer repeats the request's id and gives the server's time in nanoseconds. */
export function serverHeaders(shared: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const { parts } = startExchange(shared, req, res);
    const isWrong = parts.faults.has('request_id_wrong');
    const requestId = isWrong ? parts.random.uuid() : (req.get('x-request-id') ?? parts.random.uuid());
    res.set({ 'X-Request-Id': requestId, 'X-Server-Time': String(BigInt(parts.now()) * 1_000_000n) });
    next();
  };
}

/** Signs whatever leaves once a signed request was accepted; a 401 goes without. */
export function signedAnswers(shared: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const exchange = startExchange(shared, req, res);
    const uri = req.originalUrl.slice(req.baseUrl.length);
    const send = res.send.bind(res);
    res.send = (body: unknown) => {
      const grant = res.locals['signingGrant'] as SigningGrant | undefined;
      if (grant && typeof body === 'string')
        res.set('X-Integrity-Token', tokenFor(exchange, grant, { uri, body }));
      return send(body);
    };
    next();
  };
}

function tokenFor(
  { parts, req, res }: Exchange,
  grant: SigningGrant,
  answer: { uri: string; body: string },
): string {
  return integrityToken(grant, {
    method: req.method,
    uri: answer.uri,
    body: parts.faults.has('integrity_wrong') ? 'another answer' : answer.body,
    requestId: String(res.get('x-request-id')),
    issuedAtSeconds: Math.floor(parts.now() / 1000),
  });
}
