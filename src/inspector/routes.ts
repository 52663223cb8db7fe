import type { IRouter, Request } from 'express';
import { RequestError } from '../errors.ts';
import { routes } from '../paths.ts';
import { toComparePage } from '../web/compare-page.ts';
import type { Context } from '../web/context.ts';
import { toFlowListPage } from '../web/flow-list-page.ts';
import { toFlowPage } from '../web/flow-page.ts';
import { isGivenUp, toFlowHeading, toResultTag } from '../web/flow-words.ts';
import { renderPage } from '../web/page.ts';
import { viewerOf } from '../web/visits.ts';
import { toFlowJson } from './export.ts';
import type { Inspector } from './scope.ts';
import type { Flow } from './trace.ts';

/** The recorded logins of whoever looks, and nobody else's: those are like forgotten ones. */
export function addInspectorRoutes(router: IRouter, context: Context, { flows }: Inspector): void {
  router.get(routes.inspector, async (request, response) => {
    const filter = {
      service: readText(request, 'service'),
      result: readText(request, 'result'),
      purpose: readText(request, 'purpose'),
      page: Number.parseInt(readText(request, 'page'), 10) || 1,
    };
    const page = toFlowListPage(context, flows.list(viewerOf(context, request)), filter);
    const options = { view: 'flows', title: 'Sign-in flows', current: 'inspector' } as const;
    await renderPage(context, request, response, options, page);
  });

  router.get(routes.compareFlows, async (request, response) => {
    const [a, b] = [find(request, readText(request, 'a')), find(request, readText(request, 'b'))];
    const options = { view: 'compare', title: 'Two flows compared', current: 'inspector' } as const;
    await renderPage(context, request, response, options, toComparePage(context, a, b));
  });

  router.get(routes.flowAsJson(':id'), (request, response) => {
    const flow = find(request, String(request.params['id']));
    response.attachment(`latchkey-${flow.id}.json`);
    response.json(toFlowJson(flow, isGivenUp(flow, context.now())));
  });

  router.get(routes.flow(':id'), async (request, response) => {
    const flow = find(request, String(request.params['id']));
    const all = flows.list(viewerOf(context, request));
    const title = `${toResultTag(flow, context.now()).words}: ${toFlowHeading(flow)}`;
    const options = { view: 'flow', title, current: 'inspector' } as const;
    await renderPage(context, request, response, options, toFlowPage(context, flow, all));
  });

  function find(request: Request, id: string): Flow {
    const flow = flows.get(id, viewerOf(context, request));
    if (!flow) throw new RequestError('flow_not_kept');
    return flow;
  }
}

function readText({ query }: Request, name: string): string {
  const value = query[name];
  return typeof value === 'string' ? value.slice(0, 100) : '';
}
