import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A made-up person with an account at each service. */
export const personSchema = z.object({
  id: z.string(),
  name: z.string().min(1),
  /** What the list of people says about this one. */
  note: z.string(),
  email: z.string().nullable(),
  hasPicture: z.boolean(),
  phone: z.string(),
  twitch: z.object({ id: z.string(), login: z.string() }),
  mixer: z.object({ id: z.number(), username: z.string(), channelId: z.number() }),
  mixin: z.object({ userId: z.string(), identityNumber: z.string() }),
  resonite: z.object({ id: z.string(), username: z.string() }),
});

export type Person = z.infer<typeof personSchema>;

/** Long, right-to-left override and its end, combining marks, a joined emoji, angle brackets, an ampersand. */
const oddName =
  'Zoë \u202Etxet desrever\u202C a\u0301\u0308\u0323 \u{1F469}\u200D\u{1F4BB} <b>Ünïcödé</b> & 名前 ' +
  'who has a name that goes on for longer than anybody laying out a page expects';

export const seededPeople: readonly Person[] = [
  {
    id: 'ada',
    name: 'Ada',
    note: 'verified e-mail, picture',
    email: 'ada@example.test',
    hasPicture: true,
    phone: '+15550100001',
    twitch: { id: '10000001', login: 'ninja_dev' },
    mixer: { id: 101000001, username: 'AdaPlays', channelId: 90000001 },
    mixin: { userId: 'ada00000-0000-4000-8000-000000000001', identityNumber: '1052001' },
    resonite: { id: 'U-1NaAdaSandbox', username: 'Ada' },
  },
  {
    id: 'bo',
    name: 'Bo',
    note: 'no e-mail',
    email: null,
    hasPicture: true,
    phone: '',
    twitch: { id: '10000002', login: 'bo_no_mail' },
    mixer: { id: 101000002, username: 'BoNoMail', channelId: 90000002 },
    mixin: { userId: 'b0000000-0000-4000-8000-000000000002', identityNumber: '1052002' },
    resonite: { id: 'U-1NaBoSandbox', username: 'Bo' },
  },
  {
    id: 'cy',
    name: 'Cy',
    note: 'no picture',
    email: 'cy@example.test',
    hasPicture: false,
    phone: '+15550100003',
    twitch: { id: '10000003', login: 'cy_faceless' },
    mixer: { id: 101000003, username: 'CyFaceless', channelId: 90000003 },
    mixin: { userId: 'c0000000-0000-4000-8000-000000000003', identityNumber: '1052003' },
    resonite: { id: 'U-1NaCySandbox', username: 'Cy Faceless' },
  },
  {
    id: 'zoe',
    name: oddName,
    note: 'a long and odd name',
    email: 'zoe@example.test',
    hasPicture: true,
    phone: '+15550100004',
    twitch: { id: '10000004', login: 'zoe_with_a_very_long_name' },
    mixer: { id: 101000004, username: 'ZoeOddName', channelId: 90000004 },
    mixin: { userId: 'd0000000-0000-4000-8000-000000000004', identityNumber: '1052004' },
    resonite: { id: 'U-1NaZoeSandbox', username: oddName },
  },
];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A person for a name typed on the sign-in page: the same name gives the same ids, every time. */
export function personFromName(name: string): Person {
  const hash = sha256(`sandbox person ${name}`);
  const number = Number.parseInt(hash.slice(0, 7), 16);
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '') || 'someone';
  const local = `${plain.slice(0, 15)}_${hash.slice(0, 6)}`;
  return {
    id: `name-${hash.slice(0, 16)}`,
    name,
    note: 'made from a typed name',
    email: `${local}@example.test`,
    hasPicture: true,
    phone: '',
    twitch: { id: String(200000000 + number), login: local },
    mixer: { id: 300000000 + number, username: local, channelId: 600000000 + number },
    mixin: { userId: toUuid(hash), identityNumber: String(2000000 + number) },
    resonite: { id: `U-${hash.slice(0, 20)}`, username: name },
  };
}

function toUuid(hash: string): string {
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return [...parts, hash.slice(20, 32)].join('-');
}

/** 64 hex digits: Resonite names its assets so, and the other hosts' picture paths carry the same mark. */
export function pictureKey(person: Person): string {
  return sha256(`sandbox picture ${person.id}`);
}

/** How many made-up people are kept beside the seeded ones, and how many go at once when it is too many. */
const limits = { people: 5_000, atOnce: 500, shown: 60 };

/** What may be changed about a person; the ids stay, so that it is still the same one. */
export interface PersonChanges {
  name?: string;
  email?: string | null;
  hasPicture?: boolean;
  phone?: string;
}

/** The people the sandbox knows: the seeded ones and those that were added or made from a typed name. */
export class People {
  readonly #people = new Map<string, Person>();
  readonly #onForgotten: (ids: ReadonlySet<string>) => void;

  /** `onForgotten` hears who is gone, so that nothing goes on belonging to them. */
  constructor(onForgotten: (ids: ReadonlySet<string>) => void = () => {}) {
    this.#onForgotten = onForgotten;
    this.reset();
  }

  reset(): void {
    this.#people.clear();
    for (const person of seededPeople) this.#people.set(person.id, person);
  }

  list(): readonly Person[] {
    return [...this.#people.values()];
  }

  /** Those of the start first, then the newest: as many as a page has room for. */
  listShown(): readonly Person[] {
    const all = this.list();
    const { length } = seededPeople;
    return all.length <= limits.shown ? all : [...all.slice(0, length), ...all.slice(length - limits.shown)];
  }

  find(id: string | null | undefined): Person | undefined {
    return this.#people.get(id ?? '');
  }

  /** Throws when nobody has this id: records only ever hold ids that were found before. */
  get(id: string): Person {
    const person = this.find(id);
    if (!person) throw new Error(`The sandbox knows nobody with the id ${id}`);
    return person;
  }

  first(): Person {
    return this.#people.values().next().value!;
  }

  /** The first who is not this one. */
  another(id: string): Person {
    return this.list().find((person) => person.id !== id)!;
  }

  fromName(name: string): Person {
    const made = personFromName(name);
    const known = this.find(made.id);
    if (known) return known;
    this.put(made);
    return made;
  }

  put(person: Person): void {
    this.#people.set(person.id, person);
    if (this.#people.size > limits.people) this.#forgetOldest();
  }

  /** Undefined when nobody has this id. */
  edit(id: string, changes: PersonChanges): Person | undefined {
    const person = this.find(id);
    if (!person) return undefined;
    const { name, ...others } = changes;
    const renamed = name === undefined ? {} : { name, resonite: { ...person.resonite, username: name } };
    const edited = { ...person, ...others, ...renamed };
    this.#people.set(id, edited);
    return edited;
  }

  #forgetOldest(): void {
    const seeded = new Set(seededPeople.map(({ id }) => id));
    const oldest = [...this.#people.keys()].filter((id) => !seeded.has(id)).slice(0, limits.atOnce);
    for (const id of oldest) this.#people.delete(id);
    this.#onForgotten(new Set(oldest));
  }
}
