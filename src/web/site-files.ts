import type { IRouter, Response } from 'express';
import { routes } from '../paths.ts';
import type { Context } from './context.ts';

const halfAYear = 180 * 24 * 60 * 60 * 1000;

/** The files that browsers, crawlers and people who found a hole look for at fixed places. */
export function addSiteFileRoutes(router: IRouter, { config, paths, assets, now }: Context): void {
  /** Everybody sees the first page and the help; what is behind them is of one person each. */
  router.get(routes.robots, (_request, response) => {
    const closed = [
      paths.login(''),
      paths.profile,
      paths.sessions,
      paths.inspector,
      paths.setup,
      paths.learn,
    ];
    sendText(response, ['User-agent: *', ...closed.map((path) => `Disallow: ${path}`)]);
  });

  /** RFC 9116. Only where the operator has said where to write to. */
  router.get(routes.securityText, (_request, response, next) => {
    if (config.securityContact === null) return next();
    sendText(response, [
      `Contact: ${config.securityContact}`,
      `Expires: ${new Date(now() + halfAYear).toISOString()}`,
      `Canonical: ${config.origin}${paths.securityText}`,
      'Preferred-Languages: en',
    ]);
  });

  router.get(routes.manifest, (_request, response) => {
    const icon = (name: string, type: string, sizes: string) => ({ src: assets.href(name), type, sizes });
    response.type('application/manifest+json').json({
      name: 'Latchkey',
      short_name: 'Latchkey',
      description: 'Sign in with an account you have, and link the others.',
      start_url: paths.home,
      scope: paths.home,
      display: 'browser',
      background_color: '#f6f7f3',
      theme_color: '#0b5c53',
      icons: [
        icon('icon.svg', 'image/svg+xml', 'any'),
        icon('icon-192.png', 'image/png', '192x192'),
        icon('icon-512.png', 'image/png', '512x512'),
      ],
    });
  });
}

function sendText(response: Response, lines: readonly string[]): void {
  response.type('text/plain').send(`${lines.join('\n')}\n`);
}
