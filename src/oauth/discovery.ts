import { z } from 'zod';
import { findInsecure } from '../address-rules.ts';
import { LoginError } from '../errors.ts';
import { readJson, readShape, ShapeError } from '../json.ts';
import { type IdentityFacts, type Provider, standardProvider } from '../providers/provider.ts';
import { createHttp } from './http.ts';

/** What an issuer does not say about itself. */
export interface DiscoveryFacts {
  /** Letters from a to z: it stands in addresses and, in capitals, before its variables. */
  readonly id: string;
  readonly name: string;
  /** As its ID tokens carry it, to the letter. */
  readonly issuer: string;
  /** Where its pictures lie, each with a slash at its end; none are shown otherwise. */
  readonly imageSources?: readonly string[];
  /** Where an application gets registered. */
  readonly registrationUrl?: string;
}

const document = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  userinfo_endpoint: z.url(),
  jwks_uri: z.url(),
  revocation_endpoint: z.url().optional(),
  // What an issuer means that does not say (Discovery 3, RFC 8414 2).
  token_endpoint_auth_methods_supported: z.array(z.string()).default(['client_secret_basic']),
  code_challenge_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});

const claims = z.looseObject({
  sub: z.string().regex(/^[\x21-\x7E]{1,255}$/),
  // Null for what is absent.
  name: z.string().nullish(),
  preferred_username: z.string().nullish(),
  picture: z.string().nullish(),
});

/** The first that an issuer offers is taken. */
const clientAuthentications = ['client_secret_post', 'client_secret_basic'] as const;

const wellKnown = '/.well-known/openid-configuration';

/**
 * Makes the facts of a provider from what its issuer publishes (OpenID Connect Discovery 1.0). Asks
 * it once, so whoever calls this decides what happens when it does not answer: it throws an `Error`
 * with a sentence. The issuer and its endpoints have to be https (Discovery 3), or http to this
 * machine. Wants ID tokens with RS256, which every issuer must offer (OpenID Connect Core 15.1).
 */
export async function discoverProvider(facts: DiscoveryFacts): Promise<Provider> {
  const { id, name, issuer, imageSources = [], registrationUrl = null } = facts;
  requireSecure('discoverProvider()', { issuer });
  const found = await readDocument(id, issuer);
  const revocation = found.revocation_endpoint;
  const endpoints = {
    authorization: found.authorization_endpoint,
    token: found.token_endpoint,
    userinfo: found.userinfo_endpoint,
    jwks: found.jwks_uri,
    ...(revocation ? { revocation } : {}),
  };
  requireSecure(issuer, endpoints);
  const methods = found.token_endpoint_auth_methods_supported;
  const clientAuthentication = clientAuthentications.find((method) => methods.includes(method));
  if (!clientAuthentication)
    throw new Error(
      `${issuer}: its token endpoint takes no client secret, which is what Latchkey has to show: it lists ${methods.join(', ')}. Let it offer ${clientAuthentications.join(' or ')}.`,
    );
  return {
    ...standardProvider,
    id,
    name,
    issuer,
    announcesIssuer: found.authorization_response_iss_parameter_supported ?? false,
    endpoints,
    clientAuthentication,
    scopes: {
      openid: { words: 'confirm who you are' },
      profile: { words: 'read your name and picture' },
      email: { words: 'read your e-mail address' },
    },
    defaultScope: ['openid', 'profile'],
    pkce: found.code_challenge_methods_supported?.includes('S256') ? 'S256' : null,
    idToken: 'with-nonce',
    // OpenID Connect Core 3.1.2.1: the person signs in once more.
    force: { parameters: { prompt: 'login' } },
    toIdentity,
    revocation: {
      words: revocation
        ? `We ask ${name} to cancel our access.`
        : `${name} offers no way for us to cancel our access.`,
      checkAt: null,
    },
    imageSources,
    registration: {
      url: registrationUrl,
      place: registrationUrl ?? name,
      field: 'Redirect URI',
      rules: ['Compared to the letter.'],
      clientId: { pattern: /\S/, words: 'a client id' },
      clientSecret: null,
      beforeSignIn: 'shows-nothing',
      tellsSecretFromCode: true,
    },
    words: {
      handle: 'Account',
      basics: null,
      switchAccount: `Switch ${name} account`,
      switchHint: `To use another one, sign out at ${name} first, then choose Switch again.`,
      beforeSwitch: null,
      noEndDate: `No end date given (${name})`,
      denied: null,
    },
    trace: { shows: ['prompt', 'sub', 'name', 'preferred_username', 'picture'] },
  };
}

async function readDocument(id: string, issuer: string): Promise<z.output<typeof document>> {
  const url = issuer.replace(/\/$/, '') + wellKnown;
  const http = createHttp(id, [url]);
  try {
    const { status, text } = await http.send({
      kind: 'keys',
      method: 'GET',
      url,
      headers: {},
      unreadable: 'provider_unreachable',
    });
    if (status !== 200) throw new Error(`${url} answers ${status}.`);
    const found = readShape(document, readJson(text));
    // Discovery 4.3: else somebody could speak for another issuer.
    if (found.issuer !== issuer) throw new Error(`${url} is about another issuer than ${issuer}.`);
    return found;
  } catch (error) {
    if (error instanceof ShapeError) throw new Error(`${url} is no discovery document: ${error.message}.`);
    if (error instanceof LoginError)
      throw new Error(`${url} does not answer (${error.facts.reason ?? error.code}).`);
    throw error;
  } finally {
    await http.close();
  }
}

/** Behind a proxy many an issuer takes its own address for http, until it is told another one. */
function requireSecure(whose: string, addresses: object): void {
  const insecure = findInsecure(addresses);
  if (insecure.length === 0) return;
  throw new Error(
    `${whose}: must be https, or http to this machine: ${insecure.join(', ')}. If the issuer is behind a proxy, set its public address there to https.`,
  );
}

function toIdentity(userinfo: unknown): IdentityFacts {
  const user = readShape(claims, userinfo);
  return {
    subject: user.sub,
    displayName: user.name || user.preferred_username || user.sub,
    handle: user.preferred_username || user.sub,
    avatarUrl: user.picture || null,
    publicProfileUrl: null,
  };
}
