import type { RequestHandler } from 'express';
import { documentEndpoint } from './endpoint.ts';
import { publishedKeys } from './id-token.ts';
import type { SandboxParts } from './parts.ts';

/** The discovery document of an issuer (OpenID Connect Discovery 1.0, 4). */
export function discoveryEndpoint(parts: SandboxParts, document: object): RequestHandler {
  return documentEndpoint(parts, 'discovery', ({ parts: { faults } }) => ({
    ...document,
    // RFC 9207 3: says that the callback carries `iss`. None of the services was seen to say so.
    ...(faults.has('discovery_promises_iss') ? { authorization_response_iss_parameter_supported: true } : {}),
  }));
}

/** The keys that its ID tokens are signed with (RFC 7517 5). */
export function keysEndpoint(parts: SandboxParts): RequestHandler {
  return documentEndpoint(parts, 'keys', (exchange) => publishedKeys(exchange.parts));
}
