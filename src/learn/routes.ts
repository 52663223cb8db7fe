import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IRouter, Request } from 'express';
import { RequestError } from '../errors.ts';
import { routes } from '../paths.ts';
import { readSignedIn, setFlash } from '../sessions/session.ts';
import type { Context } from '../web/context.ts';
import { toStepsAloneFlash } from '../web/flash-words.ts';
import { renderPage } from '../web/page.ts';
import { readReturnPath } from '../web/return-path.ts';
import { sandboxHref } from '../web/services.ts';
import { chooseStepMode, toStepModeChoice } from '../web/step-mode.ts';
import type { LearnPage, SourcePage } from '../web/view-models.ts';
import { toDepartures } from './departures.ts';
import { intents } from '../accounts/resolve-account.ts';
import type { Flow } from '../inspector/trace.ts';
import { viewerOf } from '../web/visits.ts';
import { sendStepMode } from './sandbox-steps.ts';
import { type Place, shownFiles, steps } from './steps.ts';

const projectFolder = join(import.meta.dirname, '../..');

/** The page that walks through a login, and the files it leads to; mounted in development only. */
export function addLearnRoutes(router: IRouter, context: Context): void {
  const { paths } = context;

  router.get(routes.learn, async (request, response) => {
    const options = { view: 'learn', title: 'A login, step by step', current: 'learn' } as const;
    await renderPage(
      context,
      request,
      response,
      options,
      toLearnPage(context, findLastLogin(context, request), toStepModeChoice(context, request, paths.learn)),
    );
  });

  router.post(routes.stepMode, async (request, response) => {
    const { on, return_to: returnTo } = (request.body ?? {}) as Record<string, unknown>;
    if (on !== 'yes' && on !== 'no') throw new RequestError('malformed_request');
    const sandbox = sandboxHref(context);
    const told = sandbox === null || (await sendStepMode(sandbox, on === 'yes'));
    chooseStepMode(context, response, on === 'yes');
    // Whoever is not signed in has no session to leave words in: the front page says it to them.
    if (!told && !readSignedIn(request)) return response.redirect(303, `${paths.home}?steps_alone`);
    if (!told) await setFlash(request, toStepsAloneFlash());
    response.redirect(303, readReturnPath(returnTo) ?? paths.home);
  });

  router.get(routes.learnSource('*file'), async (request, response) => {
    const file = [request.params['file'] ?? []].flat().join('/');
    if (!shownFiles.has(file)) throw new RequestError('not_found');
    const page: SourcePage = { file, learnHref: paths.learn, lines: readLines(file) };
    await renderPage(context, request, response, { view: 'source', title: file, current: 'learn' }, page);
  });
}

/** The newest login that the inspector has of whoever reads this. */
function findLastLogin(context: Context, request: Request): Flow | null {
  const flows = context.inspector?.flows.list(viewerOf(context, request)) ?? [];
  return flows.find(({ purpose }) => intents.some((intent) => intent === purpose)) ?? null;
}

/** Where the reader's own last login has this step. */
function toOwnHref({ paths }: Context, flow: Flow | null, kind: string | null): string | null {
  const own = flow?.steps.find((step) => step.kind === kind);
  return flow && own ? `${paths.flow(flow.id)}#step-${own.number}` : null;
}

function toLearnPage(context: Context, lastLogin: Flow | null, stepMode: LearnPage['stepMode']): LearnPage {
  const { paths, services } = context;
  return {
    steps: steps.map(({ heading, recordedAs, rule, text, places }) => ({
      heading,
      rule,
      text,
      ownHref: toOwnHref(context, lastLogin, recordedAs),
      places: places.map((place) => ({
        label: place.name === null ? place.file : `${place.name}() in ${place.file}`,
        href: paths.learnSource(place.file) + toFragment(place),
      })),
    })),
    lastFlowHref: lastLogin && paths.flow(lastLogin.id),
    homeHref: paths.home,
    stepMode,
    departures: toDepartures(services.map(({ provider }) => provider)),
  };
}

function readLines(file: string): string[] {
  return readFileSync(join(projectFolder, file), 'utf8').trimEnd().split('\n');
}

/** The line where a function begins, as a place on the page of its file. */
function toFragment({ file, name }: Place): string {
  if (name === null) return '';
  const index = readLines(file).findIndex((line) => line.includes(`function ${name}(`));
  return index < 0 ? '' : `#L${index + 1}`;
}
