/** Answers as Mixin words them. Field names and fixed texts are the true ones; every value is made up. */

export const mixinUser = {
  type: 'user',
  user_id: '11112222-3333-4444-8555-666677778888',
  identity_number: '1052001',
  phone: '',
  full_name: 'Ada Example',
  biography: '',
  avatar_url: 'https://images.mixin.one/abc=s256',
  relationship: 'ME',
  created_at: '2019-05-04T03:02:01.123456Z',
  code_id: '99990000-aaaa-4bbb-8ccc-ddddeeeeffff',
};

/** What Mixin answers with HTTP 202. */
export function mixinRefusal(code: number, description = 'text'): unknown {
  return { error: { status: 202, code, description } };
}
