import type { Request, Response } from 'express';
import type { SandboxParts } from './parts.ts';
import type { Person } from './people.ts';
import type { Service } from './services.ts';

/** A name of its own: cookies do not keep apart the ports of a host. */
const cookieName = 'sandbox-person';

function readCookie(req: Request): URLSearchParams {
  const pairs = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const own = pairs.find((pair) => pair.startsWith(`${cookieName}=`));
  return new URLSearchParams(own ? own.slice(cookieName.length + 1).replaceAll('~', '&') : '');
}

/** The person this browser is signed in as at a pretended service. */
export function signedInPerson(parts: SandboxParts, req: Request, service: Service): Person | undefined {
  return parts.state.people.find(readCookie(req).get(service));
}

export function signInPerson(
  parts: SandboxParts,
  req: Request,
  res: Response,
  service: Service,
  person: Person,
): void {
  const values = readCookie(req);
  values.set(service, person.id);
  const value = values.toString().replaceAll('&', '~');
  const secure = parts.baseUrl.startsWith('https:') ? '; Secure' : '';
  res.append(
    'Set-Cookie',
    `${cookieName}=${value}; Path=${parts.basePath}/; HttpOnly; SameSite=Lax${secure}`,
  );
}
