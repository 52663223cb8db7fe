import type { Seen } from './balancer.ts';
import type { Tally } from './browser.ts';
import type { Verdict } from './ledger.ts';
import type { Life, Nodes } from './nodes.ts';
import type { Trouble } from './troubles.ts';

export interface Recovery {
  readonly kind: Trouble['kind'];
  readonly name: string;
  readonly milliseconds: number;
}

export interface Figures {
  readonly command: string;
  readonly machine: string;
  readonly seconds: number;
  readonly browsers: number;
  readonly tally: Tally;
  readonly seen: Seen;
  readonly verdict: Verdict;
  readonly secretsKnown: number;
  readonly log: { readonly lines: number; readonly secrets: number; readonly problems: readonly string[] };
  readonly lives: readonly Life[];
  readonly exits: Nodes['exits'];
  readonly recoveries: readonly Recovery[];
  readonly recoveryLimitMilliseconds: number;
  readonly longestStartMilliseconds: number;
}

/** The event loop must never stand still for longer, in 99 of 100 measurements. */
const loopLimitMilliseconds = 250;

/** The figures as a table, and whether something that must hold did not. */
export function toReport(figures: Figures): { text: string; broken: boolean } {
  const { tally, seen, verdict, log, lives, recoveries } = figures;
  const unexpected = [...tally.unexpected, ...seen.wrong];
  const unexpectedCount = sum(unexpected.map(([, count]) => count)) + log.problems.length;
  const readings = lives.flatMap(({ last }) => (last ? [last] : []));
  const p99 = Math.max(0, ...readings.map((reading) => reading.p99));
  const badExits = figures.exits.filter(({ code, asked }) => !asked || (code !== 0 && code !== null));
  const slowest = toSlowest(recoveries);
  const missing = verdict.acknowledged - verdict.found;
  const revived = verdict.unlinked - verdict.unlinkedGone;

  const musts: [what: string, holds: boolean][] = [
    ['somebody logged in at all', tally.loginsDone > 0],
    ['no unexpected answer', unexpectedCount === 0],
    ['every acknowledged identity found, on the right account', missing === 0],
    ['no identity that was unlinked or refused', revived === 0],
    ['the database fits what people were told', verdict.problems.length === 0],
    ['no secret in pages or logs', seen.secrets + log.secrets === 0],
    ['stores recovered in time', slowest.store.milliseconds <= figures.recoveryLimitMilliseconds],
    ['nodes ended as they should', badExits.length === 0],
    [`event loop p99 up to ${loopLimitMilliseconds} ms`, p99 <= loopLimitMilliseconds],
  ];
  const rows: [string, string | number][] = [
    ['Ran for', `${figures.seconds} s, ${figures.browsers} browsers, ${figures.machine}`],
    ['Logins tried / done', `${tally.loginsTried} / ${tally.loginsDone}`],
    ['Links tried / done', `${tally.linksTried} / ${tally.linksDone}`],
    ['Unlinks tried / done', `${tally.unlinksTried} / ${tally.unlinksDone}`],
    ['Profiles read again, sign-outs', `${tally.profilesRead}, ${tally.signOuts}`],
    ['Refused with a page', toWords(tally.refused)],
    ['Ended at the provider', tally.atProvider],
    ['Cut off by a killed node', tally.cutOff],
    ['Done without the words for it', tally.withoutWords],
    ['Unexpected answers', unexpectedCount],
    ['Identities acknowledged / found', `${verdict.acknowledged} / ${verdict.found}`],
    ['Identities unlinked or refused / not there', `${verdict.unlinked} / ${verdict.unlinkedGone}`],
    ['Left open / found after all', `${verdict.unsure} / ${verdict.unsureFound}`],
    [
      `Secrets found (of ${figures.secretsKnown}) in ${seen.answers} answers, ${log.lines} log lines`,
      `${seen.secrets}, ${log.secrets}`,
    ],
    ['Troubles', recoveries.length],
    ['Longest recovery, store', `${slowest.store.milliseconds} ms (${slowest.store.name})`],
    ['Longest recovery, node', `${slowest.node.milliseconds} ms (${slowest.node.name})`],
    ['Longest recovery, provider', `${slowest.provider.milliseconds} ms (${slowest.provider.name})`],
    ['Longest start of a node', `${figures.longestStartMilliseconds} ms`],
    ['Longest answer', `${seen.longestMilliseconds} ms (${seen.longestWhat})`],
    ['Event loop, p99 / longest', `${p99} / ${Math.max(0, ...readings.map(({ longest }) => longest))} ms`],
    ['Heap of each node after its start', toRange(lives.map(({ first }) => first?.heapMegabytes))],
    ['Heap of each node before its end', toRange(lives.map(({ last }) => last?.heapMegabytes))],
    ['Memory of each node before its end', toRange(lives.map(({ last }) => last?.rssMegabytes))],
  ];
  const broken = musts.filter(([, holds]) => !holds).map(([what]) => what);
  const lines = [
    '',
    figures.command,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    ...unexpected.map(([what, count]) => `unexpected: ${what} (${count})`),
    ...log.problems.slice(0, 20).map((problem) => `unexpected: ${problem}`),
    ...verdict.problems.slice(0, 20).map((problem) => `database: ${problem}`),
    ...badExits.map(({ node, code }) => `node ${node + 1} ended with ${code}`),
    broken.length === 0 ? 'Everything held.' : `Broken: ${broken.join('; ')}.`,
    '',
  ];
  return { text: lines.join('\n'), broken: broken.length > 0 };
}

function toSlowest(recoveries: readonly Recovery[]) {
  const slowest = (kind: Recovery['kind']) =>
    recoveries
      .filter((recovery) => recovery.kind === kind)
      .reduce((one, other) => (other.milliseconds > one.milliseconds ? other : one), {
        kind,
        name: 'none',
        milliseconds: 0,
      });
  return { provider: slowest('provider'), store: slowest('store'), node: slowest('node') };
}

function toRange(megabytes: readonly (number | undefined)[]): string {
  const known = megabytes.filter((value) => value !== undefined);
  if (known.length === 0) return 'not measured';
  return `${Math.min(...known)} to ${Math.max(...known)} MB`;
}

function toWords(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([code, count]) => `${code} ${count}`).join(', ') || 'none';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
