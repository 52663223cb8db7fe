import type { CDPSession, Page } from 'playwright-core';

/** A part of the page as the browser tells it to a screen reader. */
export interface Told {
  readonly role: string;
  readonly name: string;
  readonly description: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly children: readonly Told[];
  /** The data-number of its element, set by `number()` in in-page.js. */
  readonly element: number | null;
}

interface TreeNode {
  nodeId: string;
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  description?: { value: string };
  properties?: { name: string; value: { value?: unknown } }[];
  childIds?: string[];
  backendDOMNodeId?: number;
}

/** Chromium's accessibility tree of the page, without the nodes it leaves out itself. */
export async function readTree(page: Page): Promise<Told> {
  await page.evaluate('a11y.number()');
  const devtools = await page.context().newCDPSession(page);
  const elements = await readElementNumbers(devtools);
  const { nodes } = (await devtools.send('Accessibility.getFullAXTree')) as { nodes: TreeNode[] };
  await devtools.detach();
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const toTold = (node: TreeNode): Told[] => {
    const children = (node.childIds ?? []).flatMap((id) => {
      const child = byId.get(id);
      return child ? toTold(child) : [];
    });
    if (node.ignored) return children;
    return [
      {
        role: node.role?.value ?? '',
        name: toWords(node.name?.value),
        description: toWords(node.description?.value),
        properties: Object.fromEntries((node.properties ?? []).map(({ name, value }) => [name, value.value])),
        children,
        element: elements.get(node.backendDOMNodeId ?? -1) ?? null,
      },
    ];
  };
  return toTold(nodes[0]!)[0]!;
}

async function readElementNumbers(devtools: CDPSession): Promise<Map<number, number>> {
  await devtools.send('DOM.enable');
  const { nodes } = await devtools.send('DOM.getFlattenedDocument', { depth: -1 });
  return new Map(
    nodes.flatMap(({ backendNodeId, attributes = [] }) => {
      const at = attributes.indexOf('data-number');
      return at % 2 === 0 ? [[backendNodeId, Number(attributes[at + 1])] as const] : [];
    }),
  );
}

const toWords = (text: unknown) =>
  String(text ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** The node and everything below it, in the order of the page. */
function flatten(told: Told): Told[] {
  return [told, ...told.children.flatMap(flatten)];
}

/** What is read out of it: its own words, or those of what is in it. */
function wordsOf(told: Told): string {
  return told.role === 'StaticText' ? told.name : told.children.map(wordsOf).join(' ');
}

const landmarks = ['banner', 'main', 'contentinfo', 'navigation', 'region', 'form', 'complementary'];
const alone = ['banner', 'main', 'contentinfo'];
const controls = [
  'link',
  'button',
  'DisclosureTriangle',
  'textbox',
  'searchbox',
  'combobox',
  'radio',
  'checkbox',
  'spinbutton',
];
const fields = ['textbox', 'searchbox', 'combobox', 'radio', 'checkbox', 'spinbutton'];
/** Words that tell nothing without what stands around them. */
const vague = /^(here|click here|more|read more|details|link|this|edit|remove|show|open)$/i;

/** What of an element the tree does not tell. */
export interface ElementFacts {
  /** What can be seen of its words. */
  readonly seen: string;
  /** What pressing it does: an address, or a form with all it sends. */
  readonly does: string;
  /** The words that its aria-describedby points to, empty when there are none. */
  readonly described: string;
}

/** What a person who hears the page would miss, a line each. */
export function findUntold(tree: Told, facts: readonly ElementFacts[], language: string): string[] {
  const all = flatten(tree);
  const of = (...roles: string[]) => all.filter(({ role }) => roles.includes(role));
  const factsOf = ({ element }: Told) => (element === null ? undefined : facts[element]);
  return [
    ...(language === 'en' ? [] : [`the page does not say that it is English: ${language}`]),
    ...findBadTitle(tree, of('heading')),
    ...findBadHeadings(of('heading')),
    ...findBadLandmarks(of(...landmarks)),
    ...of(...controls)
      .filter(({ name }) => name === '' || vague.test(name))
      .map(({ role, name }) => `${role} “${name}” says nothing`),
    ...of('image', 'img', 'group', 'figure', 'table', 'radiogroup')
      .filter(
        ({ role, name, element }) => name === '' && role !== 'group' && role !== 'figure' && element !== null,
      )
      .map(({ role, element }) => `${role} without a name: element ${element}`),
    ...findSameNames(of('link', 'button', 'DisclosureTriangle'), factsOf),
    ...of(...controls).flatMap((control) => findUnsaidLabel(control, factsOf(control)?.seen ?? '')),
    ...of(...controls).flatMap((control) =>
      findUnsaidDescription(control, factsOf(control)?.described ?? ''),
    ),
    ...of(...fields)
      .filter(({ properties }) => properties['invalid'] === 'true')
      .filter(({ description }) => !description.startsWith('Error:'))
      .map(({ name }) => `${name} is wrong, and does not say what`),
    ...of('table').flatMap(findBadTable),
    ...findMovedParts(of('navigation'), of('contentinfo')),
  ];
}

/** “Page – Latchkey”, where Page says what the first heading says. An outcome or “Error:” goes before it. */
function findBadTitle({ name: title }: Told, headings: readonly Told[]): string[] {
  const main = headings.find(({ properties }) => properties['level'] === 1)?.name ?? '';
  const [, sandbox] = /^(?:Error: )?Sandbox(?: \w+)?: (.+)$/.exec(title) ?? [];
  if (sandbox) return [];
  const fits = title.endsWith(' – Latchkey') && title.includes(main) && main !== '';
  return fits ? [] : [`the title is “${title}”, the heading “${main}”`];
}

function findBadHeadings(headings: readonly Told[]): string[] {
  const levels = headings.map(({ properties }) => Number(properties['level']));
  return [
    ...(levels.filter((level) => level === 1).length === 1 ? [] : ['not one heading of level 1']),
    ...headings.flatMap(({ name }, index) => {
      const before = index === 0 ? 0 : Math.max(levels[index - 1]!, 1);
      // What happened is told before the heading of the page.
      const skips = levels[index]! > before + 1 && !(index === 0 && levels[index] === 2);
      return [
        ...(name ? [] : ['a heading is empty']),
        ...(skips ? [`a level is left out before “${name}”`] : []),
      ];
    }),
  ];
}

function findBadLandmarks(found: readonly Told[]): string[] {
  const seen = new Set<string>();
  return [
    ...alone
      .map((role) => ({ role, count: found.filter((landmark) => landmark.role === role).length }))
      .filter(({ count }) => count !== 1)
      .map(({ role, count }) => `${count} of ${role}`),
    ...found
      // A form without a name is no landmark.
      .filter(({ role, name }) => !alone.includes(role) && (role !== 'form' || name !== ''))
      .flatMap(({ role, name }) => {
        const key = `${role} “${name}”`;
        if (!name) return [`${role} without a name`];
        if (seen.has(key)) return [`${key} is there twice`];
        seen.add(key);
        return [];
      }),
  ];
}

/** Two links or buttons of one name that do different things. */
function findSameNames(
  pressed: readonly Told[],
  factsOf: (told: Told) => ElementFacts | undefined,
): string[] {
  const does = new Map<string, string>();
  return pressed.flatMap((told) => {
    const key = `${told.role} “${told.name}”`;
    // Where one comes back to afterwards makes no other thing of a sign-in.
    const now = (factsOf(told)?.does ?? '').replace(/[?&]return_to=[^&]*/, '');
    const before = does.get(key);
    does.set(key, now);
    return before === undefined || before === now ? [] : [`${key} does two things: ${before} and ${now}`];
  });
}

/** Who speaks to the computer says what is seen (WCAG 2.2, 2.5.3). */
function findUnsaidLabel({ role, name }: Told, seen: string): string[] {
  const plain = (words: string) =>
    words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  return plain(name).startsWith(plain(seen)) ? [] : [`${role} “${name}” is seen as “${seen}”`];
}

function findUnsaidDescription({ name, description }: Told, described: string): string[] {
  const plain = (words: string) => words.replaceAll(/\s/g, '');
  return plain(description) === plain(described)
    ? []
    : [`“${name}” is described as “${description}”, not “${described}”`];
}

const places = ['Sign in', 'Profile', 'Sessions', 'Inspector', 'Setup', 'Learn'];

/** The ways to the other pages and to help stand in the same order everywhere (WCAG 2.2, 3.2.3 and 3.2.6). */
function findMovedParts(navigations: readonly Told[], [foot]: readonly Told[]): string[] {
  const linksOf = (told: Told) =>
    flatten(told)
      .filter(({ role }) => role === 'link')
      .map(({ name }) => name);
  const main = navigations.find(({ name }) => name === 'Main');
  const links = main ? linksOf(main) : [];
  const inOrder = places.filter((place) => links.includes(place)).join() === links.join();
  const last = foot && linksOf(foot).at(-1);
  return [
    ...(inOrder ? [] : [`the main navigation is ${links.join(', ')}`]),
    ...(last === 'Help' || last === 'Sandbox' ? [] : [`the last link of the foot is ${last}`]),
  ];
}

function findBadTable(table: Told): string[] {
  const cells = flatten(table);
  const rows = cells.filter(({ role }) => role === 'row');
  const bodyRows = rows.filter((row) =>
    row.children.some(({ role }) => role === 'cell' || role === 'gridcell'),
  );
  const headless = bodyRows.filter((row) => !row.children.some(({ role }) => role === 'rowheader'));
  return [
    ...(cells.some(({ role }) => role === 'columnheader')
      ? []
      : [`table “${table.name}” has no heads of columns`]),
    ...(rows.length > 0 ? [] : [`table “${table.name}” has no rows`]),
    ...headless.slice(0, 1).map((row) => `table “${table.name}” has a row without a head: ${wordsOf(row)}`),
  ];
}
