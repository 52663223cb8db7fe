import { check, type Check } from '../endpoint.ts';
import type { TokenExchange } from '../token-request.ts';
import { missing, type Refusal, resoniteError } from './resonite-error.ts';

/** What the checks of the token endpoint are made of. */

export type TokenCheck = Check<TokenExchange>;

/** Resonite's rules are OpenIddict's, by inference; the number is that of the words. */
export const from = (id: string): string =>
  `openiddict/openiddict-core OpenIddictResources.resx ${id}, by inference`;

/** A check that refuses with `refusal` where `isBroken`. */
export function rule(
  name: string,
  refusal: Refusal,
  isBroken: (exchange: TokenExchange) => boolean,
): TokenCheck {
  return check(name, from(String(refusal.id)), (exchange) => {
    if (isBroken(exchange)) throw resoniteError(exchange.parts, refusal);
  });
}

export const request = (description: string, id: string): Refusal => ({
  error: 'invalid_request',
  description,
  id,
});
export const client = (description: string, id: string): Refusal => ({
  error: 'invalid_client',
  description,
  id,
});
export const grant = (description: string, id: string): Refusal => ({
  error: 'invalid_grant',
  description,
  id,
});

export const given = (name: string): TokenCheck =>
  rule(`${name} is given`, missing(name), ({ parameters }) => !parameters.has(name));
