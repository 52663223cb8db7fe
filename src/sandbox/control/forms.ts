import { type Request, type Response, Router } from 'express';
import { formOf, splitScope } from '../parameters.ts';
import { serviceNames } from '../services.ts';
import { changeSettings, expireToken, removeAccess, reset } from './actions.ts';
import { ControlError } from './control-error.ts';
import { readAt, readFault, readInput, readService, settingsInput } from './inputs.ts';
import { type Refused, sendControlPage } from './page.ts';
import type { ControlParts } from './parts.ts';

interface ControlForm {
  readonly path: string;
  /** The part of the page that it belongs to. */
  readonly section: string;
  /** Does it and says what happened. */
  readonly run: (parts: ControlParts, form: URLSearchParams) => string;
}

const reachWords = { all: 'is on', next: 'is on for the next request' } as const;

/** Every form of the page. */
const forms: readonly ControlForm[] = [
  {
    path: '/faults/on',
    section: 'faults',
    run: ({ state }, form) => {
      const input = { reach: form.get('reach') ?? 'all' };
      const { at, name, reach } = readFault(form.get('at'), form.get('name'), input);
      state.faults.set(at, name, reach);
      return `The fault ${name} ${reachWords[reach]}.`;
    },
  },
  {
    path: '/faults/off',
    section: 'faults',
    run: ({ state }, form) => {
      const { at, name } = readFault(form.get('at'), form.get('name'), {});
      state.faults.clear(at, name);
      return `The fault ${name} is off.`;
    },
  },
  {
    path: '/faults/all-off',
    section: 'faults',
    run: ({ state }, form) => {
      const at = form.has('at') ? readAt(form.get('at')) : undefined;
      state.faults.clear(at);
      return 'All faults are off.';
    },
  },
  {
    path: '/settings',
    section: 'answers',
    run: (parts, form) => {
      const scopes = splitScope(form.get('autoApproveScopes') ?? '');
      const input = {
        autoApprove: form.get('autoApprove') === 'yes',
        autoApproveAs: form.get('autoApproveAs') || null,
        autoApproveScopes: scopes.length === 0 ? null : scopes,
        stepMode: form.has('stepMode'),
      };
      changeSettings(parts, readInput(settingsInput, input));
      return 'Saved. It counts from the next request on.';
    },
  },
  {
    path: '/access/remove',
    section: 'access',
    run: (parts, form) =>
      removeAccess(parts, {
        service: readService(form.get('service')),
        clientId: form.get('clientId') ?? '',
        personId: form.get('personId') ?? '',
      }),
  },
  {
    path: '/tokens/expire',
    section: 'tokens',
    run: (parts, form) => {
      expireToken(parts, form.get('mark'));
      return 'The token has ended.';
    },
  },
  {
    path: '/tokens/expire-all',
    section: 'tokens',
    run: ({ state }, form) => {
      const service = readService(form.get('service'));
      state.expireAccessTokens(service);
      return `All access tokens of ${serviceNames[service]} have ended. Refresh tokens have not.`;
    },
  },
  {
    path: '/requests/forget',
    section: 'requests',
    run: ({ state }) => {
      state.requests.length = 0;
      return 'The log is empty.';
    },
  },
  {
    path: '/reset',
    section: 'reset',
    run: (parts) => {
      reset(parts);
      return 'The sandbox is as it was at the start.';
    },
  },
];

/** Back to the page, where the notice stands in its part. */
export function returnWith(parts: ControlParts, res: Response, section: string, words: string): void {
  res.redirect(303, `${parts.basePath}/?notice=${parts.notices.add({ section, words })}#done`);
}

/** Tells a refusal from anything else that was thrown. */
export function toRefused(error: unknown, section: string, form: URLSearchParams): Refused {
  if (!(error instanceof ControlError)) throw error;
  const { status, problems } = error;
  return { status, section, problems, input: Object.fromEntries(form) };
}

function submit(parts: ControlParts, { section, run }: ControlForm, req: Request, res: Response): void {
  const form = formOf(req);
  try {
    returnWith(parts, res, section, run(parts, form));
  } catch (error) {
    sendControlPage(parts, req, res, toRefused(error, section, form));
  }
}

export function formsRouter(parts: ControlParts): Router {
  const router = Router();
  for (const form of forms) router.post(form.path, (req, res) => submit(parts, form, req, res));
  return router;
}
