import { type ErrorRequestHandler, type Request, Router } from 'express';
import { bodyText, jsonMembers } from '../parameters.ts';
import {
  addPerson,
  changeSettings,
  editPerson,
  expireToken,
  findPerson,
  removeAccess,
  reset,
} from './actions.ts';
import { ControlError, notFound } from './control-error.ts';
import {
  newPersonInput,
  personChangesInput,
  readAt,
  readFault,
  readInput,
  readService,
  settingsInput,
} from './inputs.ts';
import { listAccess, listFaults, listPeople, listRequests, listTokens } from './lists.ts';
import type { ControlParts } from './parts.ts';
import { refuseOtherSites } from './same-site.ts';

interface Call {
  readonly parts: ControlParts;
  readonly params: Readonly<Record<string, unknown>>;
  /** The JSON body; an empty object when there is none. */
  readonly input: Readonly<Record<string, unknown>>;
}

interface ApiMethod {
  readonly method: 'get' | 'put' | 'patch' | 'post' | 'delete';
  readonly path: string;
  readonly what: string;
  readonly run: (call: Call) => unknown;
}

const onlyFaultsOn = ({ parts }: Call) => ({ on: listFaults(parts).on });
const people = ({ parts }: Call) => ({ people: listPeople(parts) });
const done = { done: true };

/** The JSON API, and what GET /api says about it. */
const methods: readonly ApiMethod[] = [
  {
    method: 'get',
    path: '/faults',
    what: 'The faults that are on, and all that there are',
    run: ({ parts }) => listFaults(parts),
  },
  {
    method: 'put',
    path: '/faults/:at/:name',
    what: 'Switches a fault on at a service or a host; {"reach":"next"} for the next request only',
    run: (call) => {
      const { at, name, reach } = readFault(call.params['at'], call.params['name'], call.input);
      call.parts.state.faults.set(at, name, reach);
      return onlyFaultsOn(call);
    },
  },
  {
    method: 'delete',
    path: '/faults',
    what: 'Switches all faults off',
    run: (call) => {
      call.parts.state.faults.clear();
      return onlyFaultsOn(call);
    },
  },
  {
    method: 'delete',
    path: '/faults/:at',
    what: 'Switches all faults of a service or a host off',
    run: (call) => {
      call.parts.state.faults.clear(readAt(call.params['at']));
      return onlyFaultsOn(call);
    },
  },
  {
    method: 'delete',
    path: '/faults/:at/:name',
    what: 'Switches a fault off',
    run: (call) => {
      const { at, name } = readFault(call.params['at'], call.params['name'], {});
      call.parts.state.faults.clear(at, name);
      return onlyFaultsOn(call);
    },
  },
  {
    method: 'get',
    path: '/settings',
    what: 'autoApprove, autoApproveAs, autoApproveScopes, stepMode',
    run: ({ parts }) => parts.state.settings,
  },
  {
    method: 'patch',
    path: '/settings',
    what: 'Changes the settings that are given',
    run: ({ parts, input }) => changeSettings(parts, readInput(settingsInput, input)),
  },
  { method: 'get', path: '/people', what: 'The made-up people', run: people },
  {
    method: 'post',
    path: '/people',
    what: 'Adds a person: name, and email, hasPicture, phone where wanted',
    run: ({ parts, input }) => addPerson(parts, readInput(newPersonInput, input)),
  },
  {
    method: 'patch',
    path: '/people/:id',
    what: 'Changes what is given about a person; the ids stay',
    run: ({ parts, params, input }) => {
      const { id } = findPerson(parts, params['id']);
      return editPerson(parts, id, readInput(personChangesInput, input));
    },
  },
  {
    method: 'get',
    path: '/access',
    what: 'The applications that people let in',
    run: ({ parts }) => ({ access: listAccess(parts) }),
  },
  {
    method: 'delete',
    path: '/access/:service/:clientId/:personId',
    what: 'Removes the access of an application, as the person would at the service: its tokens die',
    run: ({ parts, params }) => {
      const [clientId, personId] = [String(params['clientId']), String(params['personId'])];
      removeAccess(parts, { service: readService(params['service']), clientId, personId });
      return { access: listAccess(parts) };
    },
  },
  {
    method: 'get',
    path: '/tokens',
    what: 'The access tokens, newest first: marks, not values',
    run: ({ parts }) => ({ tokens: listTokens(parts) }),
  },
  {
    method: 'post',
    path: '/tokens/:mark/expire',
    what: 'Ends an access token now',
    run: ({ parts, params }) => {
      expireToken(parts, params['mark']);
      return done;
    },
  },
  {
    method: 'post',
    path: '/services/:service/expire-tokens',
    what: 'Ends the access tokens of a service now, and leaves its refresh tokens alone',
    run: ({ parts, params }) => {
      parts.state.expireAccessTokens(readService(params['service']));
      return done;
    },
  },
  {
    method: 'get',
    path: '/requests',
    what: 'The request log, newest first, without the values that were sent',
    run: ({ parts }) => ({ requests: listRequests(parts) }),
  },
  {
    method: 'delete',
    path: '/requests',
    what: 'Empties the request log',
    run: ({ parts }) => {
      parts.state.requests.length = 0;
      return done;
    },
  },
  {
    method: 'post',
    path: '/reset',
    what: 'Everything as it was at the start',
    run: ({ parts }) => {
      reset(parts);
      return done;
    },
  },
];

function readJson(req: Request): Record<string, unknown> {
  if (bodyText(req).trim() === '') return {};
  const members = jsonMembers(req);
  if (members) return members;
  const words = 'Send a JSON object, with Content-Type: application/json.';
  throw new ControlError(400, 'not_json', [{ field: '', words }]);
}

function describeApi({ baseUrl }: ControlParts): object {
  const shown = methods.map(({ method, path, what }) => ({
    method: method.toUpperCase(),
    path: `${baseUrl}/api${path}`,
    what,
  }));
  return { methods: shown };
}

const answerApiError: ErrorRequestHandler = (error, _req, res, next) => {
  if (!(error instanceof ControlError)) return next(error);
  res.status(error.status).json({ error: error.error, message: error.message });
};

export function apiRouter(parts: ControlParts): Router {
  const router = Router();
  router.use(refuseOtherSites);
  router.get('/', (_req, res) => void res.json(describeApi(parts)));
  for (const { method, path, run } of methods) {
    router[method](path, (req, res) => {
      res.json(run({ parts, params: req.params, input: readJson(req) }));
    });
  }
  router.use((req) => {
    throw notFound(
      `There is no ${req.method} ${req.originalUrl.slice(0, 200)}. GET /api lists what there is.`,
    );
  });
  router.use(answerApiError);
  return router;
}
