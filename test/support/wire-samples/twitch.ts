/** Answers as Twitch words them. Field names and fixed texts are the true ones; every value is made up. */

export const helixUser = {
  id: '12345678',
  login: 'sampleuser',
  display_name: 'SampleUser',
  type: '',
  broadcaster_type: '',
  description: '',
  profile_image_url: 'https://static-cdn.jtvnw.net/jtv_user_pictures/sample-profile_image-300x300.png',
  offline_image_url: '',
  view_count: 0,
  email: 'sample@example.test',
  created_at: '2016-12-14T20:32:28Z',
};

export const twitchTokens = {
  access_token: 'k1a2b3c4d5e6f7g8h9i0j1k2l3m4n5',
  expires_in: 14124,
  refresh_token: 'r1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5',
  scope: ['openid', 'user:read:email'],
  token_type: 'bearer',
};

/** Version 5. Absent values are null. */
export const krakenUser = {
  _id: '12345678',
  bio: null,
  created_at: '2015-01-06T21:01:19Z',
  display_name: 'SampleUser',
  email: 'sample@example.test',
  email_verified: true,
  logo: 'https://static-cdn.jtvnw.net/jtv_user_pictures/sample-profile_image-300x300.png',
  name: 'sampleuser',
  notifications: { email: false, push: true },
  partnered: false,
  twitter_connected: false,
  type: 'user',
  updated_at: '2016-04-27T16:22:18Z',
};

/** The four members of a real answer of April 2018. */
export const krakenTokens = {
  access_token: 'k1a2b3c4d5e6f7g8h9i0j1k2l3m4n5',
  refresh_token: 'r1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5',
  scope: ['user_read'],
  expires_in: 13293,
};
