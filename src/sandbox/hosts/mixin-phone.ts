import { type Request, type Response, Router } from 'express';
import { readPerson } from '../interaction.ts';
import { sendPage } from '../pages.ts';
import { formOf, formParameters } from '../parameters.ts';
import { type Exchange, type SandboxParts, startExchange } from '../parts.ts';
import { signedInPerson, signInPerson } from '../person-cookie.ts';
import { pageError } from '../protocol-error.ts';
import type { MixinAuthorization } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { setVerdict } from '../request-log.ts';
import { scopeWords } from '../scopes.ts';
import { answerMixinAuthorization } from './mixin-callback.ts';
import { stageOf } from './mixin-waiting.ts';

interface PhoneVisit extends Exchange {
  authorization: MixinAuthorization;
}

function showQuestion({ parts, req, res, authorization }: PhoneVisit): void {
  const signedIn = signedInPerson(parts, req, 'mixin');
  const registration = findRegistration(parts.registrations, 'mixin', authorization.clientId);
  sendPage(parts, res, 'mixin-phone', 'mixin', {
    clientName: registration?.name ?? authorization.clientId,
    returnHost: new URL(registration?.redirectUris[0] ?? parts.baseUrl).host,
    address: req.originalUrl,
    people: parts.state.people.listShown(),
    chosen: signedIn?.id ?? parts.state.people.first().id,
    scopes: authorization.scopes.map((scope) => ({ scope, words: scopeWords[scope] ?? null })),
    received: authorization.parameters,
  });
}

function showResult({ parts, res, authorization }: PhoneVisit): void {
  const stage = stageOf(authorization, parts);
  if (stage === 'expired') {
    setVerdict(res, 'the login took too long');
    res.status(410);
  }
  sendPage(parts, res, 'mixin-phone-done', 'mixin', { stage });
}

/** The true app wants a PIN before it approves; the sandbox asks for nothing secret. */
function takeAnswer(visit: PhoneVisit): void {
  const { parts, req, res, authorization } = visit;
  const form = formOf(req);
  const isYes = form.get('answer') === 'yes';
  const person = isYes ? readPerson(parts.state.people, formParameters(req)) : parts.state.people.first();
  if (isYes) signInPerson(parts, req, res, 'mixin', person);
  answerMixinAuthorization(visit, authorization, person, isYes ? form.getAll('scope') : []);
}

/** On the device that waits, the answer leads straight back to the waiting page, which goes on by itself. */
function afterAnswer({ parts, req, authorization }: PhoneVisit): string {
  const waiting = `${parts.basePath}/mixin.one/sandbox/${authorization.authorizationId}`;
  return req.query['here'] === undefined ? req.originalUrl : waiting;
}

function isOpen({ parts, authorization }: PhoneVisit): boolean {
  const stage = stageOf(authorization, parts);
  return stage === 'waiting' || stage === 'seen';
}

/** What a phone shows that has read the QR code: https://mixin.one/codes/… */
export function mixinPhoneRouter(parts: SandboxParts): Router {
  const router = Router();

  function visit(req: Request, res: Response): PhoneVisit {
    const all = [...parts.state.mixinAuthorizations.values()];
    const authorization = all.find(({ codeId }) => codeId === req.params['codeId']);
    if (!authorization) throw pageError(404, 'There is no such code.');
    return { ...startExchange(parts, req, res), authorization };
  }

  router.get('/:codeId', (req, res) => {
    const phone = visit(req, res);
    if (!isOpen(phone)) return showResult(phone);
    phone.authorization.status = 'seen';
    showQuestion(phone);
  });

  router.post('/:codeId', (req, res) => {
    const phone = visit(req, res);
    if (isOpen(phone)) takeAnswer(phone);
    res.redirect(303, afterAnswer(phone));
  });

  return router;
}
