/** The members a login reads and a few of the rest. Field names are Mixer's; every value is made up. */
export const mixerUser = {
  id: 101000001,
  username: 'SampleUser',
  email: 'sample@example.test',
  verified: true,
  bio: null,
  avatarUrl: 'https://uploads.mixer.com/avatar/abcdefgh.jpg',
  groups: [{ id: 1, name: 'User' }],
  channel: { id: 90000001, userId: 101000001, token: 'SampleUser', name: 'My stream title' },
  createdAt: '2019-08-01T16:45:00.000Z',
};
