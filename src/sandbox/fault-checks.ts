import type { Check, Exchange } from './endpoint.ts';
import type { FaultName } from './faults.ts';
import { ProtocolError, type ProtocolErrorOptions } from './protocol-error.ts';
import type { Service } from './services.ts';

/** The checks that come first at an endpoint and only ever object when a fault is switched on. */

const htmlPage = '<!doctype html><html lang="en"><title>Be right back</title><h1>Be right back</h1></html>';

function broken(name: FaultName, options: Omit<ProtocolErrorOptions, 'channel' | 'verdict'>): ProtocolError {
  return new ProtocolError({ channel: 'fault', verdict: `fault ${name}`, ...options });
}

function errorInside(service: Service): string {
  const mixin = { error: { status: 202, code: 401, description: 'Unauthorized, maybe invalid token.' } };
  return JSON.stringify(service === 'mixin' ? mixin : { error: 'invalid_grant' });
}

function serverError(name: FaultName): ProtocolError {
  return broken(name, { status: 500, body: '{"status":500,"message":"Something went wrong"}' });
}

/** Never settles; the response is kept so that closing the sandbox can end it. */
async function hang(exchange: Exchange): Promise<void> {
  const { hanging } = exchange.parts.state;
  hanging.add(exchange.res);
  exchange.res.once('close', () => hanging.delete(exchange.res));
  await new Promise<never>(() => {});
}

/** A check that the request meets a token endpoint in working order. */
export function workingTokenEndpoint(service: Service): Check<Exchange> {
  return async (exchange) => {
    const { state, baseUrl } = exchange.parts;
    const on = (name: FaultName): boolean => state.faults.has(service, name);
    if (on('token_hang')) await hang(exchange);
    if (on('token_html'))
      throw broken('token_html', { status: 200, contentType: 'text/html', body: htmlPage });
    if (on('token_500')) throw serverError('token_500');
    if (on('token_429')) throw broken('token_429', { status: 429, headers: { 'Retry-After': '30' } });
    if (on('token_empty')) throw broken('token_empty', { status: 200, body: '{}' });
    if (on('token_error_in_200')) {
      throw broken('token_error_in_200', { status: 200, body: errorInside(service) });
    }
    if (on('token_redirect')) {
      throw broken('token_redirect', { status: 307, location: `${baseUrl}/elsewhere/token` });
    }
  };
}

/** A check that the request meets a userinfo endpoint in working order. */
export function workingUserinfo(service: Service, badToken: () => ProtocolError): Check<Exchange> {
  return async (exchange) => {
    const { state, baseUrl } = exchange.parts;
    const on = (name: FaultName): boolean => state.faults.has(service, name);
    if (on('userinfo_hang')) await hang(exchange);
    if (on('userinfo_html')) {
      throw broken('userinfo_html', { status: 200, contentType: 'text/html', body: htmlPage });
    }
    if (on('userinfo_500')) throw serverError('userinfo_500');
    if (on('userinfo_401')) throw badToken();
    if (on('userinfo_redirect')) {
      throw broken('userinfo_redirect', { status: 302, location: `${baseUrl}/elsewhere/userinfo` });
    }
  };
}

/** The endpoints that can hang or answer 500, and otherwise do as they should. */
function answering(service: Service, endpoint: 'refresh' | 'revoke' | 'validate'): Check<Exchange> {
  return async (exchange) => {
    const on = (name: FaultName): boolean => exchange.parts.state.faults.has(service, name);
    if (on(`${endpoint}_hang`)) await hang(exchange);
    if (on(`${endpoint}_500`)) throw serverError(`${endpoint}_500`);
  };
}

/** Comes first among the checks of a refresh: the other grant is spared. */
export function workingRefresh(service: Service): Check<Exchange> {
  return answering(service, 'refresh');
}

export function workingRevocation(service: Service): Check<Exchange> {
  return answering(service, 'revoke');
}

export function workingValidation(service: Service): Check<Exchange> {
  return answering(service, 'validate');
}
