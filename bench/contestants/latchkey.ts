import { clientId, clientSecret, endpointPaths } from '../provider.ts';

/**
 * Latchkey as it is shipped, in production mode: the SQLite file, sealed tokens, the log at its usual
 * level, the inspector off by default. An operator's own variables, nothing else: Resonite's endpoints
 * point to the stub, the other three services to a sandbox, and the limits of one address are raised
 * as high as they go, because all logins come from one.
 */
export function toLatchkeyEnvironment(providerUrl: string, sandboxUrl: string): Record<string, string> {
  return {
    RESONITE: 'live',
    RESONITE_CLIENT_ID: clientId,
    RESONITE_CLIENT_SECRET: clientSecret,
    RESONITE_AUTHORIZATION_ENDPOINT: providerUrl + endpointPaths.authorization,
    RESONITE_TOKEN_ENDPOINT: providerUrl + endpointPaths.token,
    RESONITE_USERINFO_ENDPOINT: providerUrl + endpointPaths.userinfo,
    SANDBOX: 'on',
    SANDBOX_URL: sandboxUrl,
    RATE_LIMIT_START_PER_ADDRESS: '1000000',
    RATE_LIMIT_CALLBACK_PER_ADDRESS: '1000000',
    RATE_LIMIT_ACTION_PER_ADDRESS: '1000000',
    DRAIN_SECONDS: '0',
  };
}
