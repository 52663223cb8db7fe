import type { IRouter } from 'express';
import { routes } from '../paths.ts';

/** However often somebody asks, the stores are asked once in this time. */
const remembersMilliseconds = 1000;

/**
 * Life signs, for any Host: `/healthz` says the process turns, `/readyz` that it can work.
 * `checkStores` fails when a store does not answer, within about a second.
 */
export function addHealthRoutes(
  router: IRouter,
  checkStores: () => Promise<void>,
  isStopping: () => boolean,
  now = () => performance.now(),
): void {
  const ask = () =>
    checkStores().then(
      () => 'ok' as const,
      () => 'failed' as const,
    );
  const probe = remembering(ask, now);

  router.get(routes.healthz, (_request, response) => {
    response.json({ status: 'ok' });
  });

  router.get(routes.readyz, async (_request, response) => {
    const store = await probe();
    const stopping = isStopping();
    const ready = store === 'ok' && !stopping;
    response
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ok' : 'not ready', checks: { store, stopping } });
  });
}

/** The same question with the last answer, or the one under way, while it is fresh. */
function remembering<Answer>(ask: () => Promise<Answer>, now: () => number): () => Promise<Answer> {
  let askedAt = -Infinity;
  let answer: Promise<Answer>;
  return () => {
    if (now() - askedAt >= remembersMilliseconds) {
      askedAt = now();
      answer = ask();
    }
    return answer;
  };
}
