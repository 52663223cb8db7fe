import { sendPage } from './pages.ts';
import type { Exchange } from './parts.ts';
import type { ReceivedParameter } from './records.ts';
import { serviceOfHost } from './services.ts';

/** A stop before a redirect, for the step mode: where it leads and what it carries. */
interface Step {
  /** The parameters in the order of the URL. */
  readonly parameters: readonly { name: string; value: string; meaning: string }[];
  readonly location: string;
  readonly heading: string;
  readonly explanation: string;
}

/** What each parameter of an authorization response is for (RFC 6749 4.1.2, RFC 9207 2). */
const meanings: Readonly<Record<string, string>> = {
  code: 'The authorization code. The application exchanges it for tokens, once, with a request of its own.',
  state: 'What the application sent along. It has to fit the login that this browser started.',
  scope: 'What was granted. It may be less than what was asked for.',
  iss: 'Which service answers, against mix-ups.',
  error: 'Why there is no code.',
  error_description: 'The same in words, for developers.',
  error_uri: 'Where to read more about the error.',
  return_to: 'What the application sent along, given back.',
  access_token: 'A token without an exchange: the implicit grant, which nobody should use any more.',
  id_token: 'Who signed in, signed by the service.',
  token_type: 'How the token is to be used.',
  expires_in: 'Seconds until the token ends.',
};

function parametersOf(location: URL): Step['parameters'] {
  const inFragment = new URLSearchParams(location.hash.slice(1));
  return [...location.searchParams, ...inFragment].map(([name, value]) => ({
    name,
    value,
    meaning: meanings[name] ?? '',
  }));
}

/** In step mode a browser is shown where it is about to go; programs are sent on as ever. */
export function isStepping({ parts, req }: Exchange): boolean {
  return parts.state.settings.stepMode && req.accepts(['json', 'html']) === 'html';
}

export function showStep({ parts, req, res }: Exchange, step: Step): void {
  const [, host = ''] = req.originalUrl.slice(parts.basePath.length).split('/');
  sendPage(parts, res, 'step', serviceOfHost(host), { ...step });
}

/** The first stop: the application has sent the browser here. */
export function showArrival(
  exchange: Exchange,
  parameters: readonly ReceivedParameter[],
  location: string,
): void {
  showStep(exchange, {
    heading: 'The application sent your browser here',
    explanation: 'This is its authorization request. Next, the service asks who you are.',
    location,
    parameters: parameters.map(({ name, value, verdict }) => ({ name, value, meaning: verdict })),
  });
}

/** Sends the browser back to the application with the authorization response. */
export function sendBack(exchange: Exchange, status: number, location: string): void {
  if (isStepping(exchange)) showDeparture(exchange, location);
  else exchange.res.redirect(status, location);
}

function showDeparture(exchange: Exchange, location: string): void {
  const target = new URL(location);
  showStep(exchange, {
    heading: 'Next: back to the application',
    explanation: `Your browser is about to go to ${target.host} with the answer to the authorization request.`,
    location,
    parameters: parametersOf(target),
  });
}
