import express, { type Express } from 'express';
import type { Metrics } from './metrics.ts';

/** What answers on the port for metrics: one address, and nothing for a browser. */
export function createMetricsApp(metrics: Metrics): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', async (_request, response) => {
    response.set({ 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
    response.send(await metrics.text());
  });
  app.use((_request, response) => {
    response.status(404).type('text').send('Metrics are at /metrics.\n');
  });
  return app;
}
