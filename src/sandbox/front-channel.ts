import { sendPage } from './pages.ts';
import { type ExplainedParameter, explainResponse, meaningInRequest } from './parameter-meanings.ts';
import { type Exchange, hostOf } from './parts.ts';
import type { ReceivedParameter } from './records.ts';
import { sendEmpty } from './sending.ts';
import { serviceNames, serviceOfHost } from './services.ts';

/** A stop before a redirect, for the step mode: where it leads and what it carries. */
interface Step {
  readonly number: 1 | 2;
  readonly heading: string;
  readonly explanation: string;
  /** In the order of the URL; with what the service says about each where it has looked at them. */
  readonly parameters: readonly (ExplainedParameter & { readonly verdict?: string })[];
  readonly location: string;
  /** The words of the link that goes on. */
  readonly next: string;
}

/** In step mode a browser is shown where it is about to go; programs are sent on as ever. */
export function isStepping({ parts, req }: Exchange): boolean {
  return parts.state.settings.stepMode && req.accepts(['json', 'html']) === 'html';
}

function showStep({ parts, req, res }: Exchange, step: Step): void {
  res.status(200);
  sendPage(parts, res, 'step', serviceOfHost(hostOf(parts, req)), { ...step });
}

/** The first stop: the application has sent the browser here. */
export function showArrival(
  exchange: Exchange,
  parameters: readonly ReceivedParameter[],
  location: string,
): void {
  const { parts, req } = exchange;
  const service = serviceOfHost(hostOf(parts, req));
  const name = service ? `Sandbox ${serviceNames[service]}` : 'The service';
  showStep(exchange, {
    number: 1,
    heading: 'The application sent your browser here',
    explanation: `This is its authorization request: everything that ${name} learns about the login so far. Your browser carried it, so you could have read or changed it on the way.`,
    parameters: parameters.map(({ name: parameter, value, verdict }) => ({
      name: parameter,
      value,
      verdict,
      meaning: meaningInRequest(parameter),
    })),
    location,
    next: `Go on at ${name}`,
  });
}

/** The second stop: the answer is ready, and the browser is about to carry it back. */
export function showDeparture(exchange: Exchange, location: string): void {
  const target = new URL(location);
  // An address of an application on a phone may have a scheme of its own, and no host.
  const place = target.host || target.protocol;
  const parameters = explainResponse(target);
  const isError = parameters.some(({ name }) => name === 'error');
  const carried = isError ? 'an error instead of a code' : 'the answer to the authorization request';
  showStep(exchange, {
    number: 2,
    heading: 'Next: back to the application',
    explanation: `Your browser is about to go to ${place} with ${carried}. What follows between the application and the service, no browser sees.`,
    parameters,
    location,
    next: `Go on to ${place}`,
  });
}

/** Sends the browser back to the application with the authorization response. */
export function sendBack(exchange: Exchange, status: number, location: string): void {
  if (isStepping(exchange)) showDeparture(exchange, location);
  // Sent like every other answer, so that it can break like them.
  else sendEmpty(exchange.res.status(status).location(location));
}
