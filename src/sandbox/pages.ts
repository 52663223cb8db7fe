import { fileURLToPath } from 'node:url';
import express, { type Express, type RequestHandler, type Response } from 'express';
import type { SandboxParts } from './parts.ts';
import { type Service, serviceNames } from './services.ts';
import { createTemplateEngine } from './templates.ts';

const viewFolder = fileURLToPath(new URL('../../views/sandbox', import.meta.url));
const publicFolder = fileURLToPath(new URL('../../public', import.meta.url));

/**
 * `form-action` is left out on purpose: browsers apply it to the redirects that follow a form as
 * well, and the last of those goes back to the application.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self' data:",
  "script-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy': contentSecurityPolicy,
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Robots-Tag': 'noindex',
    'Cache-Control': 'no-store',
  });
  next();
};

export function setUpViews(app: Express): void {
  app.engine('ejs', createTemplateEngine());
  app.set('view engine', 'ejs');
  app.set('views', viewFolder);
}

export function staticFiles(): RequestHandler {
  return express.static(publicFolder, { index: false, maxAge: 0, cacheControl: true });
}

/** Renders one of `views/sandbox`; every page knows the service it plays, or none at the root. */
export function sendPage(
  parts: SandboxParts,
  res: Response,
  view: string,
  service: Service | null,
  locals: Readonly<Record<string, unknown>>,
): void {
  const serviceName = service && serviceNames[service];
  const { stepMode } = parts.state.settings;
  res.render(view, { basePath: parts.basePath, service, serviceName, stepMode, ...locals });
}
