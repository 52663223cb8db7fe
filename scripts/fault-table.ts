import { readFile, writeFile } from 'node:fs/promises';
import { answerFaultNames, answerFaults } from '../src/sandbox/answer-faults.ts';
import {
  type Fault,
  faultTable,
  type FaultyEndpoint,
  faultyEndpointNames,
  faultyEndpoints,
} from '../src/sandbox/faults.ts';
import { serviceNames, services } from '../src/sandbox/services.ts';

/*
 * node scripts/fault-table.ts    writes the tables of faults into docs/sandbox.md, from src/sandbox/faults.ts
 */

const document = 'docs/sandbox.md';
const begin = '<!-- The tables of faults: npm run docs:faults writes them. -->';
const end = '<!-- End of the tables of faults. -->';

const headings: Readonly<Record<string, string>> = {
  authorization: 'The authorization request and its answer',
  tokens: 'Tokens and time',
  'ID token': 'ID tokens and keys',
  profile: 'Profiles, validation and headers',
  authorize: 'The authorization page breaks',
};

function whereOf({ services: at }: Pick<Fault, 'services'>): string {
  if (at.length === services.length) return 'everywhere';
  return at.map((service) => serviceNames[service]).join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function groupTable(group: string, heading: string): string {
  const rows = Object.entries(faultTable)
    .filter(([, fault]) => fault.group === group)
    .map(([name, fault]) => [`\`${name}\``, fault.effect, whereOf(fault)]);
  return `### ${heading}\n\n${table(['Fault', 'What goes wrong', 'Where'], rows)}`;
}

/** The authorization page has a table of its own. */
function breaksInAllWays(name: FaultyEndpoint): boolean {
  return !('kinds' in faultyEndpoints[name]);
}

function answerTables(): string {
  const endpoints = faultyEndpointNames.filter(breaksInAllWays).map((name) => {
    const { words } = faultyEndpoints[name];
    return [`\`${name}_\``, words.replace(/,$/, ''), whereOf(faultTable[`${name}_500`])];
  });
  const kinds = answerFaultNames.map((name) => [`\`${name}\``, answerFaults[name].effect]);
  return [
    '### Answers that break',
    '',
    'Each of these endpoints can break in each of these ways. The name of the fault is both together: `token_500`, `userinfo_html`, `keys_hang`.',
    '',
    table(['Beginning', 'Endpoint', 'Where'], endpoints),
    '',
    table(['End', 'What the endpoint does'], kinds),
  ].join('\n');
}

/** The text between the two marks of the document. */
export function faultTables(): string {
  const count = `There are ${Object.keys(faultTable).length} of them.`;
  const groups = Object.entries(headings).map(([group, heading]) => groupTable(group, heading));
  return [begin, count, ...groups, answerTables(), end].join('\n\n');
}

/** The document with the tables as the code has them now. */
export function withFaultTables(text: string): string {
  const [before, rest = ''] = text.split(begin);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error(`${document} has lost the marks around its tables`);
  return `${before}${faultTables()}${after}`;
}

if (import.meta.main) await writeFile(document, withFaultTables(await readFile(document, 'utf8')));
