import { Router } from 'express';
import { routes } from '../paths.ts';
import type { Context } from '../web/context.ts';
import { renderPage } from '../web/page.ts';
import { findClient } from '../web/services.ts';
import { toSetupPage } from '../web/setup-page.ts';
import { type CheckResult, checkNow } from './check-now.ts';
import { examine } from './doctor.ts';
import { clockName } from './finding.ts';
import { readSeenRequest } from './seen-address.ts';
import { checkStorage } from './storage-check.ts';

/** The page that checks the setup; mounted in development only. */
export function createSetupRoutes(context: Context): Router {
  const { config, paths, now } = context;
  const router = Router();
  /** The last network check of each provider since the start. */
  const results = new Map<string, CheckResult>();

  router.get(routes.setup, async (request, response) => {
    const report = examine({
      config,
      seen: readSeenRequest(request),
      nodeVersion: process.versions.node,
      storage: await checkStorage(config, Date.now),
      clock: lastClock(),
      redirectUri: (provider) => config.origin + paths.callback(provider),
      network: Object.fromEntries([...results].map(([id, { findings }]) => [id, findings])),
    });
    const options = { view: 'setup', title: 'Setup', current: 'setup' } as const;
    await renderPage(context, request, response, options, toSetupPage(context, report, results));
  });

  router.post(routes.checkNow(':provider'), async (request, response) => {
    const client = findClient(context, String(request.params['provider']));
    results.set(client.provider.id, await checkNow(client, now));
    response.redirect(303, `${paths.setup}#check-${client.provider.id}`);
  });

  function lastClock() {
    const latest = [...results.values()].toSorted((a, b) => b.at - a.at)[0];
    return (
      latest?.findings.filter(({ name, status }) => name === clockName && status !== 'not-checked') ?? []
    );
  }

  return router;
}
