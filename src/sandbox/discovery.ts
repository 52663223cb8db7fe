import type { RequestFaults } from './faults.ts';

/** RFC 9207 3: says that the callback carries `iss`. None of the services was seen to say so. */
export function promisedIss(faults: RequestFaults): object {
  return faults.has('discovery_promises_iss') ? { authorization_response_iss_parameter_supported: true } : {};
}
