const pictureHash = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

/** Not wrapped. Field names are Resonite's; every value is made up. */
export const resoniteProfile = {
  id: 'U-1NaExampleAbc',
  username: 'ExampleUser',
  normalizedUsername: 'exampleuser',
  email: 'user@example.test',
  registrationDate: '2023-10-05T18:04:11.1234567Z',
  isVerified: true,
  tags: ['mentor'],
  profile: { iconUrl: `resdb:///${pictureHash}.webp`, displayBadges: [] },
};

export const resonitePicture = `https://assets.resonite.com/${pictureHash}`;
