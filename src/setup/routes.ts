import type { IRouter } from 'express';
import { inFlow } from '../inspector/own-flows.ts';
import { currentFlowId } from '../inspector/scope.ts';
import { routes } from '../paths.ts';
import type { Context } from '../web/context.ts';
import { bindBrowser } from '../web/cookies.ts';
import { renderPage } from '../web/page.ts';
import { findClient } from '../web/services.ts';
import { type CheckedNow, toSetupPage } from '../web/setup-page.ts';
import { viewerOf } from '../web/visits.ts';
import { checkNow } from './check-now.ts';
import { examine } from './doctor.ts';
import { clockName } from './finding.ts';
import { readSeenRequest } from './seen-address.ts';
import { checkStorage } from './storage-check.ts';

/** The page that checks the setup; mounted in development only. */
export function addSetupRoutes(router: IRouter, context: Context): void {
  const { config, paths, now } = context;
  /** The last network check of each provider since the start. */
  const results = new Map<string, CheckedNow>();

  router.get(routes.setup, async (request, response) => {
    const report = examine({
      config,
      seen: readSeenRequest(request),
      nodeVersion: process.versions.node,
      storage: await checkStorage(config, Date.now, true),
      clock: lastClock(),
      redirectUri: (provider) => config.origin + paths.callback(provider),
      network: Object.fromEntries([...results].map(([id, { result }]) => [id, result.findings])),
    });
    const options = { view: 'setup', title: 'Setup', current: 'setup' } as const;
    await renderPage(
      context,
      request,
      response,
      options,
      toSetupPage(context, report, results, viewerOf(context, request)),
    );
  });

  router.post(routes.checkNow(':provider'), async (request, response) => {
    const client = findClient(context, String(request.params['provider']));
    // Whoever asked may see what was sent.
    const { value: browser } = bindBrowser(request, response, config.secure);
    const check = async () => ({ result: await checkNow(client, now), flowId: currentFlowId() });
    results.set(client.provider.id, await inFlow('check', client, check, { browser }));
    response.redirect(303, `${paths.setup}#check-${client.provider.id}`);
  });

  function lastClock() {
    const latest = [...results.values()].map(({ result }) => result).toSorted((a, b) => b.at - a.at)[0];
    return (
      latest?.findings.filter(({ name, status }) => name === clockName && status !== 'not-checked') ?? []
    );
  }
}
