import { createHash } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { approvalOf } from './auto-approve.ts';
import { callbackLocation } from './callback.ts';
import { readPerson } from './interaction.ts';
import { sendPage } from './pages.ts';
import { formParameters, queryParameters, splitScope } from './parameters.ts';
import { type SandboxParts, startExchange } from './parts.ts';
import { type Person, pictureKey } from './people.ts';
import { pictureHost } from './pictures.ts';
import { pageError } from './protocol-error.ts';
import { credentials, readBasic } from './tokens.ts';
import { setVerdict } from './request-log.ts';

/**
 * A service that keeps to the standards, as data: an authorization code with PKCE, a bearer token, and a
 * profile. It is strict, approves by itself like the others, and forgets everything with a reset and
 * when the sandbox stops. Faults, step mode and the page of the sandbox are for the services that ship
 * with Latchkey. Several may have addresses on one host, at different paths.
 */
export interface StandardService {
  readonly id: string;
  readonly name: string;
  readonly client: { readonly clientId: string; readonly clientSecret: string };
  /** The true addresses, without `https://`. */
  readonly authorization: string;
  readonly token: string;
  readonly userinfo: string;
  /** The host of pictures. */
  readonly pictures: string;
  readonly profile: (person: StandardPerson) => object;
  /** The token answer or its error, where the service departs from RFC 6749 5.1 and 5.2. */
  readonly tokenAnswer?: (standard: TokenAnswer) => TokenAnswer;
}

/** A made-up person, as a profile may need them. */
export interface StandardPerson {
  /** A number of nine digits or less, another for each person. */
  readonly number: number;
  /** Letters, digits and `_`. */
  readonly login: string;
  readonly name: string;
  readonly email: string | null;
  readonly pictureUrl: string | null;
}

interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The application that it knows. */
export interface StandardRegistration {
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly redirectUris: readonly string[];
}

interface Login {
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scope: readonly string[];
  readonly challenge: string | null;
  readonly expiresAt: number;
  personId: string | null;
}

interface Token {
  readonly personId: string;
  readonly expiresAt: number;
}

const codeMilliseconds = 10 * 60 * 1000;
const tokenSeconds = 8 * 60 * 60;

/** Makes the routers of its pretended hosts. */
export function standardHosts(
  service: StandardService,
  registration: StandardRegistration,
  parts: SandboxParts,
): Readonly<Record<string, Router>> {
  const pending = parts.state.keepMore<Login>('pending');
  const codes = parts.state.keepMore<Login>('codes');
  const tokens = parts.state.keepMore<Token>('tokens');
  const routers: Record<string, Router> = {};
  const routerOf = (host: string) => (routers[host] ??= Router());
  const hostOf = (address: string) => address.split('/')[0]!;
  const pathOf = (address: string) => address.slice(hostOf(address).length);
  const pageHost = hostOf(service.authorization);
  // With the service in it: others may have their pages on the same host.
  const pagesPath = `/sandbox/${service.id}`;
  const addressOf = (id: string) => `${parts.basePath}/${pageHost}${pagesPath}/${id}`;

  function takeFrom(logins: Map<string, Login>, key: string | undefined): Login | null {
    const login = logins.get(key ?? '');
    return login && login.expiresAt > parts.now() ? login : null;
  }

  const authorize: RequestHandler = (request, response) => {
    const asked = queryParameters(request);
    if (asked.get('client_id') !== registration.clientId) throw pageError(400, 'This client is not known.');
    const redirectUri = asked.get('redirect_uri') ?? '';
    // RFC 6749 3.1.2.4: nobody is sent to an address that is not registered.
    if (!registration.redirectUris.includes(redirectUri))
      throw pageError(400, 'This redirect URI is not registered.');
    const state = asked.get('state') ?? null;
    const challenge = asked.get('code_challenge') ?? null;
    const refuse = (error: string) => response.redirect(302, callbackLocation(redirectUri, { error, state }));
    if (asked.get('response_type') !== 'code') return refuse('unsupported_response_type');
    if (challenge !== null && asked.get('code_challenge_method') !== 'S256') return refuse('invalid_request');
    const scope = splitScope(asked.get('scope'));
    const expiresAt = parts.now() + codeMilliseconds;
    const login = { redirectUri, state, scope, challenge, expiresAt, personId: null };
    const approval = approvalOf(startExchange(parts, request, response), scope);
    if (approval) {
      const approved = { personId: approval.person.id, scope: approval.scopes };
      return response.redirect(302, approve({ ...login, ...approved }));
    }
    const id = parts.random.uuid();
    pending.set(id, login);
    response.redirect(302, `${addressOf(id)}/person`);
  };

  /** Gives the way back with a code. */
  function approve(login: Login): string {
    const code = parts.random.mixed(24);
    codes.set(code, { ...login, expiresAt: parts.now() + codeMilliseconds });
    return callbackLocation(login.redirectUri, { code, state: login.state });
  }

  function findPending(request: Request): Login {
    const login = takeFrom(pending, String(request.params['id']));
    if (!login) throw pageError(404, 'There is no such sign-in. Start again in the application.');
    return login;
  }

  function show(view: 'person' | 'consent', request: Request, response: Response, login: Login): void {
    const { people } = parts.state;
    sendPage(parts, response, view, null, {
      serviceName: service.name,
      clientName: 'Latchkey',
      returnHost: new URL(login.redirectUri).host,
      address: addressOf(String(request.params['id'])),
      received: [],
      continueAs: undefined,
      people: people.listShown(),
      chosen: people.first().id,
      person: login.personId === null ? null : people.get(login.personId),
      scopes: login.scope.map((scope) => ({ scope, words: null })),
    });
  }

  const pages = Router();
  pages.get('/:id/person', (request, response) => show('person', request, response, findPending(request)));
  pages.post('/:id/person', (request, response) => {
    const login = findPending(request);
    login.personId = readPerson(parts.state.people, formParameters(request)).id;
    response.redirect(303, 'consent');
  });
  pages.get('/:id/consent', (request, response) => {
    const login = findPending(request);
    if (login.personId === null) return response.redirect(303, 'person');
    show('consent', request, response, login);
  });
  pages.post('/:id/consent', (request, response) => {
    const login = findPending(request);
    const { redirectUri, state } = login;
    if (login.personId === null) throw pageError(400, 'Choose a person first.');
    pending.delete(String(request.params['id']));
    const agreed = formParameters(request).get('answer') === 'yes';
    const denied = () => callbackLocation(redirectUri, { error: 'access_denied', state });
    response.redirect(303, agreed ? approve(login) : denied());
  });

  function answerToken(request: Request): TokenAnswer {
    const form = formParameters(request);
    const refuse = (status: number, error: string) => ({ status, body: { error } });
    // RFC 6749 2.3.1: Basic has to be taken, the secret in the body may be.
    const basic = readBasic(credentials(request.get('authorization'), 'Basic') ?? '');
    const isClient =
      (basic?.id ?? form.get('client_id')) === registration.clientId &&
      (basic?.secret ?? form.get('client_secret') ?? null) === registration.clientSecret;
    if (!isClient) return refuse(401, 'invalid_client');
    if (form.get('grant_type') !== 'authorization_code') return refuse(400, 'unsupported_grant_type');
    const login = takeFrom(codes, form.get('code'));
    // Taken before anything is checked: a code gets one try (RFC 6749 4.1.2).
    codes.delete(form.get('code') ?? '');
    const verifier = form.get('code_verifier');
    const proof = verifier === undefined ? null : createHash('sha256').update(verifier).digest('base64url');
    const fits = login && login.redirectUri === form.get('redirect_uri') && login.challenge === proof;
    if (!fits) return refuse(400, 'invalid_grant');
    const value = parts.random.mixed(40);
    tokens.set(value, { personId: login.personId!, expiresAt: parts.now() + tokenSeconds * 1000 });
    const scope = login.scope.join(' ');
    return {
      status: 200,
      body: { access_token: value, token_type: 'bearer', expires_in: tokenSeconds, scope },
    };
  }

  const token: RequestHandler = (request, response) => {
    const standard = answerToken(request);
    if ('error' in standard.body) setVerdict(response, String(standard.body['error']));
    const { status, body } = service.tokenAnswer?.(standard) ?? standard;
    response.status(status).json(body);
  };

  const userinfo: RequestHandler = (request, response) => {
    const grant = tokens.get(credentials(request.get('authorization'), 'Bearer') ?? '');
    if (!grant || grant.expiresAt <= parts.now()) {
      setVerdict(response, 'no access token that stands');
      return void response.sendStatus(401);
    }
    response.json(service.profile(toStandard(parts.state.people.get(grant.personId), service)));
  };

  routerOf(pageHost).get(pathOf(service.authorization), authorize).use(pagesPath, pages);
  routerOf(hostOf(service.token)).post(pathOf(service.token), token);
  routerOf(hostOf(service.userinfo)).get(pathOf(service.userinfo), userinfo);
  routerOf(service.pictures).use(pictureHost(parts));
  return routers;
}

function toStandard(person: Person, { pictures }: StandardService): StandardPerson {
  const { name, email, hasPicture } = person;
  const pictureUrl = hasPicture ? `https://${pictures}/${pictureKey(person)}` : null;
  return { number: Number(person.twitch.id), login: person.twitch.login, name, email, pictureUrl };
}
