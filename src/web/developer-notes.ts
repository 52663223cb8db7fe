import type { Request } from 'express';
import type { ErrorCode, LoginErrorFacts } from '../errors.ts';
import { routes } from '../paths.ts';
import type { Provider } from '../providers/provider.ts';
import { variableName } from '../setup/provider-setup.ts';
import { describeOtherName, readSeenRequest } from '../setup/seen-address.ts';
import type { Context, ServiceInUse } from './context.ts';
import { isCallback } from './here.ts';
import type { DeveloperBlock } from './view-models.ts';

/** What an error page knows about what happened. */
interface Situation {
  readonly context: Context;
  readonly name: string;
  readonly service: ServiceInUse | null;
  readonly facts: Readonly<LoginErrorFacts>;
}

interface Happening extends Situation {
  /** The provider's error code, from its token answer or from the authorization response. */
  readonly oauthError: string | null;
  readonly request: Request;
}

interface Note {
  readonly text: string;
  readonly settings?: readonly string[];
  readonly values?: DeveloperBlock['values'];
}

/** What the person who runs this server can change, by code, once. Shown in development only. */
const notes: { readonly [Code in ErrorCode]?: (happening: Happening) => Note | null } = {
  no_cookie: ({ context }) => ({
    text: `Open the site as ${context.config.baseUrl}: under another name, such as 127.0.0.1 for localhost, the cookie belongs to the other name.`,
    settings: ['BASE_URL'],
  }),
  unknown_host: ({ context, request }) => {
    const sentence = describeOtherName(context.config, readSeenRequest(request));
    const registered = isCallback(request)
      ? ' You came from a service, so the return address that is registered there has the other name.'
      : '';
    return { text: `${sentence ?? ''}${registered}`, settings: ['BASE_URL'] };
  },
  redirect_mismatch: ({ context, service }) => ({
    text: service?.client
      ? `${toRegistrationAdvice(service.provider, service.client.redirectUri)} It is made from BASE_URL.`
      : 'The service did not say which login this was. Register the return address of the one you used; they are made from BASE_URL.',
    settings: ['BASE_URL', ...(service ? [variableName(service.provider, 'CLIENT_ID')] : [])],
    values: service?.client ? [] : returnAddresses(context),
  }),
  authorization_refused: ({ service, name, oauthError }) => {
    if (service === null) return null;
    const { provider } = service;
    if (oauthError === 'invalid_scope') {
      return {
        text: `${name} refuses the scopes that are asked for. Correct the setting, or leave it out to ask for the usual ones.`,
        settings: [variableName(provider, 'SCOPES')],
      };
    }
    if (oauthError === 'unauthorized_client' || oauthError === 'invalid_client')
      return {
        text: `${name} does not accept this client.`,
        settings: [variableName(provider, 'CLIENT_ID')],
      };
    return { text: 'The details below say what the provider gave as its reason.' };
  },
  token_request_refused: ({ service, oauthError }) => {
    if (service === null || oauthError === 'invalid_grant') return null;
    const credentials = ['CLIENT_ID', 'CLIENT_SECRET'].map((suffix) =>
      variableName(service.provider, suffix),
    );
    if (oauthError === 'invalid_client' || oauthError === 'unauthorized_client') {
      const text = 'Compare the client id and the client secret with those at the provider.';
      return { text, settings: credentials };
    }
    return { text: 'The details below say what the provider gave as its reason.' };
  },
  userinfo_request_refused: ({ service, name }) =>
    service && {
      text: `${name} gave a token that does not open the profile. Either a scope is missing or it was unticked.`,
      settings: [variableName(service.provider, 'SCOPES')],
    },
  clock_differs: ({ name, facts }) => ({
    text: `By the time of ${name}, ${facts.reason ?? 'our clock is wrong'}. Set the clock of this machine, by NTP for instance.`,
  }),
  id_token_invalid: () => ({
    text: 'A clock that is wrong does this too; setup compares it with that of the service.',
  }),
  provider_not_configured: ({ service, name }) => {
    if (service === null) return { text: 'No service with this name is offered here.' };
    const { provider, off } = service;
    if (off === 'switched-off') {
      const variable = provider.id.toUpperCase();
      return { text: `${name} is switched off: ${variable} is off. Set it to auto.`, settings: [variable] };
    }
    return {
      text: 'Set its client id and secret; .env.example names the variables.',
      settings: ['CLIENT_ID', 'CLIENT_SECRET'].map((suffix) => variableName(provider, suffix)),
    };
  },
  provider_closed: ({ context, service, name }) => {
    if (service === null) return null;
    const variable = service.provider.id.toUpperCase();
    const hasSandbox = context.config.sandbox.url !== null;
    return {
      text: `${name} can still be tried: the built-in sandbox plays it when ${hasSandbox ? '' : 'SANDBOX is on and '}${variable} is sandbox.`,
      settings: [variable, ...(hasSandbox ? [] : ['SANDBOX'])],
    };
  },
  store_unavailable: ({ context: { config } }) => ({
    text: 'The log says which store it was, in the line “failure”.',
    settings: [
      config.storage.databaseUrl === null ? 'DATA_DIR' : 'DATABASE_URL',
      ...(config.storage.sessionStoreUrl === null ? [] : ['SESSION_STORE_URL']),
    ],
  }),
};

/** The block for developers on the page of an error; null when there is nothing that they could change. */
export function toDeveloperBlock(
  situation: Situation,
  code: ErrorCode,
  request: Request,
): DeveloperBlock | null {
  const { context, service, facts } = situation;
  const oauthError = facts.oauthError ?? readErrorParameter(request);
  const note = notes[code]?.({ ...situation, oauthError, request }) ?? null;
  if (note === null) return null;
  const played = service?.client?.mode === 'sandbox' ? ` ${playedBySandbox(service.provider.name)}` : '';
  // Under another host name a path of ours would only lead to the same page again.
  const origin = code === 'unknown_host' ? context.config.origin : '';
  return {
    text: `${note.text}${played}`,
    settings: note.settings ?? [],
    values: note.values ?? [],
    setupHref: `${origin}${context.paths.setup}${service ? `#${service.provider.id}` : ''}`,
  };
}

function toRegistrationAdvice({ registration: { field, place } }: Provider, redirectUri: string): string {
  return field === null
    ? `Have ${redirectUri} registered by ${place}.`
    : `Paste ${redirectUri} into: ${field} at ${place}.`;
}

function playedBySandbox(name: string): string {
  return `The sandbox plays ${name} here: see also which faults are switched on there.`;
}

/** `error` of an authorization response (RFC 6749 4.1.2.1). */
function readErrorParameter(request: Request): string | null {
  const { error } = request.query;
  return request.path !== routes.home && typeof error === 'string' ? error : null;
}

function returnAddresses({ services }: Context): DeveloperBlock['values'] {
  return services.flatMap(({ provider, client }) =>
    client ? [{ label: provider.name, value: client.redirectUri }] : [],
  );
}
