import type { WireSample } from '../sample.ts';

const request = { method: 'POST', url: 'https://mixer.com/api/v1/oauth/token/introspect' } as const;
const source = 'four unrelated public clients that call it, without credentials of a client; RFC 7662 2.2';

export const mixerActiveToken = {
  what: 'Mixer: introspection of a token that stands',
  source,
  confidence: 'inferred',
  request,
  status: 200,
  body: {
    active: true,
    scope: 'user:details:self',
    client_id: 'a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3e4f5',
    username: 'SampleUser',
    sub: '101000001',
  },
  fixed: ['active'],
} satisfies WireSample;

export const mixerInactiveToken = {
  what: 'Mixer: introspection of a dead token',
  source,
  confidence: 'inferred',
  request,
  status: 200,
  body: { active: false },
  fixed: ['active'],
} satisfies WireSample;
