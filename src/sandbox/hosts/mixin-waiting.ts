import { type Request, type Response, Router } from 'express';
import { generate } from 'lean-qr';
import { toSvgSource } from 'lean-qr/extras/svg';
import { sendPage } from '../pages.ts';
import { sendBack } from '../front-channel.ts';
import { type SandboxParts, startExchange } from '../parts.ts';
import { pageError } from '../protocol-error.ts';
import type { MixinAuthorization } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { setVerdict } from '../request-log.ts';
import { mixinCallback } from './mixin-callback.ts';

type Stage = MixinAuthorization['status'] | 'expired';

/** Black on white with the four modules of margin that readers need, also on a dark page. */
function drawQrCode(text: string): string {
  const svg = toSvgSource(generate(text), { on: 'black', off: 'white', padX: 4, padY: 4 });
  return svg.replace('<svg ', '<svg role="img" aria-label="QR code that opens this approval page" ');
}

export function stageOf(authorization: MixinAuthorization, { now }: SandboxParts): Stage {
  const isOpen = authorization.status === 'waiting' || authorization.status === 'seen';
  return isOpen && authorization.expiresAt <= now() ? 'expired' : authorization.status;
}

function showWaitingPage(parts: SandboxParts, res: Response, authorization: MixinAuthorization): void {
  const phone = `${parts.baseUrl}/mixin.one/codes/${authorization.codeId}`;
  const registration = findRegistration(parts.registrations, 'mixin', authorization.clientId);
  sendPage(parts, res, 'mixin-qr', 'mixin', {
    clientName: registration?.name ?? authorization.clientId,
    address: `${parts.basePath}/mixin.one/sandbox/${authorization.authorizationId}`,
    phone,
    sameDevice: `${parts.basePath}/mixin.one/codes/${authorization.codeId}?here=1`,
    qrCode: drawQrCode(phone),
    stage: authorization.status,
    ends: new Date(authorization.expiresAt).toISOString(),
    received: authorization.parameters,
  });
}

function showExpiredPage(parts: SandboxParts, res: Response, { query }: MixinAuthorization): void {
  const again = `${parts.basePath}/mixin.one/oauth/authorize?${query}`;
  setVerdict(res, 'the login took too long');
  res.status(410);
  sendPage(parts, res, 'mixin-expired', 'mixin', { again });
}

/** The page a browser waits on: it can be reloaded at any time and goes on by itself once there is an answer. */
export function mixinWaitingRouter(parts: SandboxParts): Router {
  const router = Router();

  function find(req: Request): MixinAuthorization {
    const authorization = parts.state.mixinAuthorizations.get(String(req.params['id']));
    if (!authorization) throw pageError(404, 'There is no such sign-in. Start again in the application.');
    return authorization;
  }

  router.get('/:id', (req, res) => {
    const authorization = find(req);
    const exchange = startExchange(parts, req, res);
    const location = mixinCallback(exchange, authorization);
    if (location) sendBack(exchange, 303, location);
    else if (stageOf(authorization, exchange.parts) === 'expired') showExpiredPage(parts, res, authorization);
    else showWaitingPage(parts, res, authorization);
  });

  router.get('/:id/status', (req, res) => {
    res.json({ status: stageOf(find(req), startExchange(parts, req, res).parts) });
  });

  router.post('/:id/cancel', (req, res) => {
    const authorization = find(req);
    if (authorization.status !== 'approved') authorization.status = 'denied';
    const exchange = startExchange(parts, req, res);
    sendBack(exchange, 303, mixinCallback(exchange, authorization)!);
  });

  return router;
}
