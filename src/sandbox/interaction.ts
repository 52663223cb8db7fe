import { type Request, type Response, Router } from 'express';
import { type AuthorizationPage, approve, deny } from './callback.ts';
import { sendBack } from './front-channel.ts';
import { sendPage } from './pages.ts';
import { formParameters } from './parameters.ts';
import { type Exchange, type SandboxParts, startExchange } from './parts.ts';
import type { People, Person } from './people.ts';
import { signedInPerson, signInPerson } from './person-cookie.ts';
import { pageError } from './protocol-error.ts';
import type { PendingAuthorization } from './records.ts';
import { findRegistration } from './registrations.ts';
import { scopeWords } from './scopes.ts';

/** The two pages between an authorization request and its answer: who are you, and do you agree? */

export function addressOf(
  parts: SandboxParts,
  page: AuthorizationPage,
  pending: PendingAuthorization,
): string {
  return `${parts.basePath}/${page.host}/sandbox/${pending.id}`;
}

function commonLocals(parts: SandboxParts, page: AuthorizationPage, pending: PendingAuthorization): object {
  return {
    clientName:
      findRegistration(parts.registrations, page.service, pending.clientId)?.name ?? pending.clientId,
    returnHost: new URL(pending.redirectUri).host,
    address: addressOf(parts, page, pending),
    received: pending.parameters,
  };
}

/** Somebody who is signed in may go on as that person; a forced prompt always lets them choose. */
export function showPersonPage(
  exchange: Exchange,
  page: AuthorizationPage,
  pending: PendingAuthorization,
): void {
  const { parts, req, res } = exchange;
  const signedIn = signedInPerson(parts, req, page.service);
  const another = req.query['another'] !== undefined;
  sendPage(parts, res, 'person', page.service, {
    ...commonLocals(parts, page, pending),
    continueAs: pending.force || another ? undefined : signedIn,
    people: parts.state.people.listShown(),
    chosen: signedIn?.id ?? parts.state.people.first().id,
  });
}

function showConsentPage(exchange: Exchange, page: AuthorizationPage, pending: PendingAuthorization): void {
  const person = exchange.parts.state.people.get(pending.personId ?? '');
  sendPage(exchange.parts, exchange.res, 'consent', page.service, {
    ...commonLocals(exchange.parts, page, pending),
    person,
    scopes: pending.scopes.map((scope) => ({ scope, words: scopeWords[scope] ?? null })),
  });
}

/** The person a form names: one of the list, or a new one for a typed name. */
export function readPerson(people: People, form: ReadonlyMap<string, string>): Person {
  const name = form.get('name')?.trim().slice(0, 200);
  const person = name ? people.fromName(name) : people.find(form.get('person'));
  if (!person) throw pageError(400, 'Choose one of the people, or type a name.');
  return person;
}

function takeAnswer(exchange: Exchange, page: AuthorizationPage, pending: PendingAuthorization): string {
  const { parts, req } = exchange;
  const isYes = formParameters(req).get('answer') === 'yes';
  const person = parts.state.people.get(pending.personId ?? '');
  return isYes
    ? approve(exchange, page, pending, { person, scopes: pending.scopes })
    : deny(exchange, page, pending);
}

/** Whoever granted the same before is not asked again, unless the application wants that. */
function afterPersonChosen(exchange: Exchange, page: AuthorizationPage, pending: PendingAuthorization): void {
  const { parts, res } = exchange;
  const person = parts.state.people.get(pending.personId ?? '');
  const owner = { ...pending, personId: person.id };
  const isSilent = !pending.force && parts.state.isRemembered(owner, pending.scopes);
  if (!isSilent) {
    res.redirect(303, `${addressOf(parts, page, pending)}/consent`);
    return;
  }
  pending.answeredWith ??= approve(exchange, page, pending, { person, scopes: pending.scopes });
  sendBack(exchange, 303, pending.answeredWith);
}

export interface Interaction {
  page: AuthorizationPage;
  /** Goes on after the stop of the step mode. */
  proceed(exchange: Exchange, page: AuthorizationPage, pending: PendingAuthorization): void;
}

export function interactionRouter(shared: SandboxParts, { page, proceed }: Interaction): Router {
  const router = Router();

  function findPending(req: Request): PendingAuthorization {
    const pending = shared.state.pending.get(String(req.params['id']));
    if (pending?.api !== page.api)
      throw pageError(404, 'There is no such sign-in. Start again in the application.');
    return pending;
  }

  function unanswered(req: Request): PendingAuthorization {
    const pending = findPending(req);
    if (pending.answeredWith) throw pageError(410, 'This sign-in is over. Start again in the application.');
    return pending;
  }

  router.get('/:id/go', (req, res) => proceed(startExchange(shared, req, res), page, unanswered(req)));

  router.get('/:id/person', (req, res) =>
    showPersonPage(startExchange(shared, req, res), page, unanswered(req)),
  );

  router.post('/:id/person', (req: Request, res: Response) => {
    const exchange = startExchange(shared, req, res);
    const pending = unanswered(req);
    const person = readPerson(shared.state.people, formParameters(req));
    pending.personId = person.id;
    signInPerson(exchange.parts, req, res, page.service, person);
    afterPersonChosen(exchange, page, pending);
  });

  router.get('/:id/consent', (req, res) => {
    const pending = unanswered(req);
    if (pending.personId) showConsentPage(startExchange(shared, req, res), page, pending);
    else res.redirect(303, `${addressOf(shared, page, pending)}/person`);
  });

  router.post('/:id/consent', (req, res) => {
    const exchange = startExchange(shared, req, res);
    const pending = findPending(req);
    if (!pending.personId) throw pageError(400, 'Choose a person first.');
    pending.answeredWith ??= takeAnswer(exchange, page, pending);
    sendBack(exchange, 303, pending.answeredWith);
  });

  return router;
}
