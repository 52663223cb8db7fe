import type { Response } from 'express';
import { Router } from 'express';
import type { SandboxParts } from './parts.ts';
import { type Person, pictureKey } from './people.ts';

/** The public addresses under which each service would publish the picture of a person. */
export const pictureUrls = {
  twitch: (person: Person) =>
    `https://static-cdn.jtvnw.net/jtv_user_pictures/${pictureKey(person)}-profile_image-300x300.png`,
  mixer: (person: Person) => `https://uploads.mixer.com/avatar/${pictureKey(person)}.jpg`,
  mixin: (person: Person) => `https://images.mixin.one/${pictureKey(person)}=s256`,
  resonite: (person: Person) => `resdb:///${pictureKey(person)}.webp`,
} as const;

/** A face: two eyes, a mouth and the initial, in a colour that follows from the person. */
export function drawFace(person: Person): string {
  const hue = Number.parseInt(pictureKey(person).slice(0, 4), 16) % 360;
  const initial = [...person.name][0]!.replaceAll(/[<>&]/g, '');
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300" width="300" height="300">',
    `<rect width="300" height="300" fill="hsl(${hue} 45% 80%)"/>`,
    `<circle cx="150" cy="165" r="105" fill="hsl(${hue} 50% 40%)"/>`,
    '<circle cx="115" cy="140" r="11" fill="#fff"/><circle cx="185" cy="140" r="11" fill="#fff"/>',
    '<path d="M105 195q45 42 90 0" fill="none" stroke="#fff" stroke-width="10" stroke-linecap="round"/>',
    `<text x="150" y="52" font-family="sans-serif" font-size="44" font-weight="700" text-anchor="middle">${initial}</text>`,
    '</svg>',
  ].join('');
}

function sendFace(res: Response, person: Person): void {
  res.type('image/svg+xml');
  res.set({ 'Cross-Origin-Resource-Policy': 'cross-origin', 'Cache-Control': 'public, max-age=3600' });
  res.send(drawFace(person));
}

/** A picture host: any path that carries a person's mark gives that person's face, the rest is left to others. */
export function pictureHost({ state }: SandboxParts): Router {
  const router = Router();
  router.use((req, res, next) => {
    const key = /[0-9a-f]{64}/.exec(req.path)?.[0];
    const person = state.people.list().find((entry) => entry.hasPicture && pictureKey(entry) === key);
    if (person) sendFace(res, person);
    else next();
  });
  return router;
}
