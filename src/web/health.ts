import { Router } from 'express';
import { sql } from 'kysely';
import { routes } from '../paths.ts';
import type { Database } from '../storage/database.ts';

/** Life signs, for any Host: `/healthz` says the process turns, `/readyz` that it can work. */
export function createHealthRoutes(database: Database, isStopping: () => boolean): Router {
  const router = Router();

  router.get(routes.healthz, (_request, response) => {
    response.json({ status: 'ok' });
  });

  router.get(routes.readyz, async (_request, response) => {
    const store = await sql`select 1`.execute(database).then(
      () => 'ok',
      () => 'failed',
    );
    const stopping = isStopping();
    const ready = store === 'ok' && !stopping;
    response
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ok' : 'not ready', checks: { store, stopping } });
  });

  return router;
}
