import { type ErrorRequestHandler, Router } from 'express';
import { Kept } from '../kept.ts';
import { sendPage } from '../pages.ts';
import type { SandboxParts } from '../parts.ts';
import { apiRouter } from './api.ts';
import { ControlError } from './control-error.ts';
import { formsRouter } from './forms.ts';
import { Notices } from './notices.ts';
import { sendControlPage } from './page.ts';
import type { ControlParts } from './parts.ts';
import { facesRouter, peopleRouter } from './people-forms.ts';
import { refuseOtherSites } from './same-site.ts';
import { tryItRouter } from './try-it.ts';

function answerControlError(parts: SandboxParts): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (!(error instanceof ControlError)) return next(error);
    res.status(error.status);
    sendPage(parts, res, 'control-error', null, { explanation: error.message });
  };
}

/** What belongs to the sandbox itself and to none of the pretended hosts. */
export function controlRouter(shared: SandboxParts): Router {
  const parts: ControlParts = { ...shared, notices: new Notices(), logins: new Kept(500) };
  const router = Router();
  router.get('/', (req, res) => sendControlPage(parts, req, res));
  router.use('/api', apiRouter(parts));
  router.use('/control', refuseOtherSites, formsRouter(parts));
  router.use('/control/people', peopleRouter(parts));
  router.use('/control/faces', facesRouter(parts));
  router.use('/try', tryItRouter(parts));
  router.use(answerControlError(parts));
  return router;
}
