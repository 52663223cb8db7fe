import { type Request, type Response, Router } from 'express';
import { sendPage } from '../pages.ts';
import { formOf } from '../parameters.ts';
import type { Person } from '../people.ts';
import { drawFace } from '../pictures.ts';
import { addPerson, editPerson, findPerson } from './actions.ts';
import { returnWith, toRefused } from './forms.ts';
import { newPersonInput, readInput } from './inputs.ts';
import { type Refused, showPerson } from './page.ts';
import type { ControlParts } from './parts.ts';

/** The fields of the form, as texts; a tick that is not there is missing. */
type Fields = Readonly<Record<string, string>>;

const noFields: Fields = { hasPicture: 'yes' };

function fieldsOf({ name, email, hasPicture, phone }: Person): Fields {
  return { name, email: email ?? '', phone, ...(hasPicture ? { hasPicture: 'yes' } : {}) };
}

/** Null shows the form for somebody new. */
function showForm(
  parts: ControlParts,
  res: Response,
  person: Person | null,
  refused: Refused | null = null,
): void {
  res.status(refused?.status ?? 200);
  sendPage(parts, res, 'person-form', null, {
    person: person && showPerson(parts, person),
    refused,
    fields: refused?.input ?? (person ? fieldsOf(person) : noFields),
  });
}

function readForm(form: URLSearchParams) {
  return readInput(newPersonInput, {
    name: form.get('name') ?? '',
    email: form.get('email')?.trim() || null,
    hasPicture: form.has('hasPicture'),
    phone: form.get('phone') ?? '',
  });
}

function submit(parts: ControlParts, req: Request, res: Response, person: Person | null): void {
  const form = formOf(req);
  try {
    const input = readForm(form);
    const { name } = person ? editPerson(parts, person.id, input) : addPerson(parts, input);
    returnWith(parts, res, 'people', person ? `${name} is changed.` : `${name} is added.`);
  } catch (error) {
    showForm(parts, res, person, toRefused(error, 'person', form));
  }
}

/** The picture on the page itself, so that looking at the page leaves no mark in the request log. */
export function facesRouter(parts: ControlParts): Router {
  const router = Router();
  router.get('/:id', (req, res) => {
    res.type('image/svg+xml').send(drawFace(findPerson(parts, req.params.id)));
  });
  return router;
}

export function peopleRouter(parts: ControlParts): Router {
  const router = Router();
  router.get('/', (_req, res) => showForm(parts, res, null));
  router.post('/', (req, res) => submit(parts, req, res, null));
  router.get('/:id', (req, res) => showForm(parts, res, findPerson(parts, req.params.id)));
  router.post('/:id', (req, res) => submit(parts, req, res, findPerson(parts, req.params.id)));
  return router;
}
