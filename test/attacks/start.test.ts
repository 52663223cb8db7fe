import { attack } from './attack.ts';
import { services, useScenes } from './witness.ts';

const scene = useScenes();

attack('START-01', () => {
  const ways: [string, Record<string, string>][] = [
    ['a link', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }],
    ['a picture', { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }],
    ['a frame', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }],
    ['a prefetch', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Purpose': 'prefetch' }],
  ];

  test('by a link, a picture, a frame or a prefetch nothing starts, signed in or not', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const watch = await place.watch();
    for (const [, id] of services) {
      for (const [, headers] of ways) {
        for (const as of [undefined, visitor]) {
          for (const query of ['', '?intent=link', '?intent=sign-in&force=true']) {
            const answer = await place.request(`/login/${id}${query}`, {
              headers: { 'Sec-Fetch-Site': 'cross-site', ...headers },
              ...(as ? { as } : {}),
            });
            // With the intent to link there is a page with a button, or the way to sign in first.
            expect([200, 303, 404]).toContain(answer.status);
            if (answer.status === 303) expect(answer.headers['location']).toMatch(/^\/\?return_to=/);
            if (answer.status === 200) expect(answer.text).toContain('Not now');
            expect(answer.headers['set-cookie']).toBeUndefined();
          }
        }
      }
    }
    await watch.expectNothing();
  });
});
