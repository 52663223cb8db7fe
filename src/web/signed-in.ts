import type { Request } from 'express';
import { RequestError } from '../errors.ts';
import { readSignedIn, type SignedIn } from '../sessions/session.ts';
import type { Context } from './context.ts';

/** Who is signed in. Throws `not_signed_in`, which leads back to the profile. */
export function requireSignedIn({ paths }: Context, request: Request): SignedIn {
  const signedIn = readSignedIn(request);
  if (!signedIn) throw new RequestError('not_signed_in', { returnTo: paths.profile });
  return signedIn;
}
