import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getPublicKeyAsync } from '@noble/ed25519';
import { toCodeChallenge } from '../../src/oauth/pkce.ts';
import { signRequest, toMessageHash } from '../../src/oauth/signed-request.ts';

/** Request tokens of Mixin's official Node SDK 7.5.5, made with a fixed key and a stopped clock. */
interface Vectors {
  client_key: {
    seed_hex: string;
    public_hex: string;
    ed25519_param_base64url: string;
    go_style_64_byte_private_key_base64url: string;
  };
  server_key: { seed_hex: string; public_hex: string; base64url: string };
  app_id: string;
  authorization_id: string;
  pkce: {
    raw_bytes_hex: string;
    code_verifier: string;
    code_challenge_mixin: string;
    code_challenge_rfc7636_for_comparison: string;
  };
  oauth_jwt: {
    name: string;
    input: {
      method: string;
      uri: string;
      body: unknown;
      body_string_hashed: string;
      scope: string;
      jti: string;
      iat: number;
      exp: number;
    };
    output: {
      hash_input: string;
      sig: string;
      header_json: string;
      payload_json: string;
      jwt: string;
      authorization_header: string;
      x_request_id: string;
    };
  }[];
}

const file = new URL('../support/wire-samples/mixin/vectors.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
const { client_key: clientKey, server_key: serverKey, pkce } = vectors;

const toBase64Url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
const decode = (part: string | undefined) => Buffer.from(part ?? '', 'base64url').toString('utf8');

type Vector = Vectors['oauth_jwt'][number];

/** The token that our code makes from a vector's input, with a private key in either of two forms. */
function sign({ input }: Vector, privateKey: string): Promise<string> {
  const keys = {
    seed: privateKey,
    serverPublicKey: serverKey.base64url,
    authorizationId: vectors.authorization_id,
    scope: input.scope,
  };
  return signRequest(vectors.app_id, keys, {
    method: input.method,
    uri: input.uri,
    body: input.body_string_hashed,
    requestId: input.jti,
    issuedAtSeconds: input.iat,
    lifeSeconds: input.exp - input.iat,
  });
}

test('the file holds a request without a body and one with', () => {
  expect(vectors.oauth_jwt.map(({ name }) => name)).toEqual(['get-me', 'post-json-array-body']);
});

test('the code verifier is the raw bytes as base64url', () => {
  expect(toBase64Url(pkce.raw_bytes_hex)).toBe(pkce.code_verifier);
});

test('the code challenge of Mixin is the hash of the decoded verifier', () => {
  expect(toCodeChallenge(pkce.code_verifier, 'S256-decoded')).toBe(pkce.code_challenge_mixin);
});

test('the code challenge of RFC 7636 is another one', () => {
  expect(toCodeChallenge(pkce.code_verifier, 'S256')).toBe(pkce.code_challenge_rfc7636_for_comparison);
  expect(pkce.code_challenge_rfc7636_for_comparison).not.toBe(pkce.code_challenge_mixin);
});

test.each([
  ['client', clientKey.seed_hex, clientKey.public_hex, clientKey.ed25519_param_base64url],
  ['server', serverKey.seed_hex, serverKey.public_hex, serverKey.base64url],
])('the public key of the %s follows from its seed', async (_whose, seed, publicHex, parameter) => {
  const publicKey = await getPublicKeyAsync(Buffer.from(seed, 'hex'));
  expect(Buffer.from(publicKey).toString('hex')).toBe(publicHex);
  expect(Buffer.from(publicKey).toString('base64url')).toBe(parameter);
});

test('the private key of 64 bytes is the seed and then the public key', () => {
  const both = toBase64Url(clientKey.seed_hex + clientKey.public_hex);
  expect(both).toBe(clientKey.go_style_64_byte_private_key_base64url);
});

describe.each(vectors.oauth_jwt)('the request token of $name', (vector) => {
  const { input, output } = vector;

  test('hashes method, path and body without separators', () => {
    expect(input.method + input.uri + input.body_string_hashed).toBe(output.hash_input);
    expect(input.body === null ? '' : JSON.stringify(input.body)).toBe(input.body_string_hashed);
    expect(toMessageHash(input.method, input.uri, input.body_string_hashed)).toBe(output.sig);
  });

  test('is the same byte for byte', async () => {
    const token = await sign(vector, toBase64Url(clientKey.seed_hex));
    const [header, payload] = token.split('.');
    expect(decode(header)).toBe(output.header_json);
    expect(decode(payload)).toBe(output.payload_json);
    expect(token).toBe(output.jwt);
    expect(`Bearer ${token}`).toBe(output.authorization_header);
    expect(JSON.parse(decode(payload)).jti).toBe(output.x_request_id);
  });

  test('is the same from a private key of 64 bytes', async () => {
    expect(await sign(vector, clientKey.go_style_64_byte_private_key_base64url)).toBe(output.jwt);
  });

  test('is verified by another implementation', async () => {
    const token = await sign(vector, toBase64Url(clientKey.seed_hex));
    const end = token.lastIndexOf('.');
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: clientKey.ed25519_param_base64url },
      format: 'jwk',
    });
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    expect(verify(null, Buffer.from(token.slice(0, end)), key, signature)).toBe(true);
    expect(verify(null, Buffer.from(`${token.slice(0, end)}x`), key, signature)).toBe(false);
  });
});
