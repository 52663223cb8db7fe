import { attacks } from './catalogue.ts';

/** The tests of one case of the catalogue, named as it is there. */
export function attack(id: string, suite: () => void): void {
  const found = attacks.find((one) => one.id === id);
  if (!found) throw new Error(`${id} is not in the catalogue`);
  describe(`${found.id} ${found.title}`, suite);
}
