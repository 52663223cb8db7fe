import request, { type Response, type Test } from 'supertest';
import type { Service } from '../../../src/sandbox/services.ts';
import type { WireSample } from '../../support/wire-samples/sample.ts';
import type { Answer } from '../../support/wire-shape.ts';
import { baseUrl, callbackOf, type TestSandbox } from '../support.ts';

/** Brings the sandbox to the answer that a sample records, over HTTP. */
export type Play = (sandbox: TestSandbox, sample: WireSample) => Promise<Answer>;

export type Plays = readonly (readonly [sample: WireSample, play: Play])[];

/** The sample's own request, sent to the sandbox: the pretended hosts are folders there. */
export function ask({ app }: TestSandbox, sample: WireSample): Test {
  if (sample.request === undefined) throw new Error(`nothing is requested for: ${sample.what}`);
  const { host, pathname } = new URL(sample.request.url);
  return request(app)[sample.request.method === 'GET' ? 'get' : 'post'](`/${host}${pathname}`);
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** With the true addresses in place of the sandbox's. */
function toAnswer({ status, headers, text }: Response): Answer {
  return { status, headers, body: readBody(text.replaceAll(`${baseUrl}/`, 'https://')) };
}

/** The parameters of a callback, or the address when it is not the one that is registered first. */
export function toCallback(location: URL, service: Service, status: number | null = null): Answer {
  const address = location.origin + location.pathname;
  const parameters = [...location.searchParams].map(([name, value]) => [
    name,
    value.replaceAll(`${baseUrl}/`, 'https://'),
  ]);
  return {
    status,
    headers: {},
    body: address === callbackOf(service) ? Object.fromEntries(parameters) : address,
  };
}

/** Header and payload of a JWT. */
export function toTokenParts(token: string): Answer {
  const [header, payload] = token.split('.').map((part) => {
    const text = Buffer.from(part, 'base64url').toString('utf8');
    return readBody(text.replaceAll(`${baseUrl}/`, 'https://'));
  });
  return { status: null, headers: {}, body: { header, payload } };
}

/** Turns a step that gives a response into a play. */
export const answered =
  (step: (sandbox: TestSandbox, sample: WireSample) => PromiseLike<Response>): Play =>
  async (sandbox, sample) =>
    toAnswer(await step(sandbox, sample));
