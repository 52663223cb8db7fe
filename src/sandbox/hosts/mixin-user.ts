import type { Respond } from '../endpoint.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { type ApiExchange, callerOf } from './mixin-call.ts';

const noDate = '0001-01-01T00:00:00Z';

/** No e-mail anywhere; `phone` is empty without its scope. Which other members an OAuth token sees was not found. */
function mixinUser(person: Person, mayReadPhone: boolean): Record<string, unknown> {
  return {
    type: 'user',
    user_id: person.mixin.userId,
    identity_number: person.mixin.identityNumber,
    phone: mayReadPhone ? person.phone : '',
    full_name: person.name,
    biography: '',
    avatar_url: person.hasPicture ? pictureUrls.mixin(person) : '',
    relationship: 'ME',
    mute_until: noDate,
    created_at: '2019-05-04T03:02:01.123456Z',
    is_verified: false,
    is_scam: false,
    is_deactivated: false,
    code_id: person.mixin.userId,
    code_url: `https://mixin.one/codes/${person.mixin.userId}`,
    features: [],
    has_safe: true,
    membership: { plan: '', expired_at: noDate },
    session_id: '',
    device_status: 'ACTIVE',
    has_pin: true,
    has_emergency_contact: false,
    fiat_currency: 'USD',
  };
}

export const answerProfile: Respond<ApiExchange> = (exchange) => {
  const { parts, res } = exchange;
  const { personId, scopes } = callerOf(exchange);
  const user = mixinUser(personOf(parts, personId), scopes.includes('PHONE:READ'));
  res.json({ data: withProfileFaults(parts, user, 'user_id') });
};
