import { type ContestantFigures, type Figures, ratio } from './figures.ts';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

const reference = 'passport-redis';
const size = { width: 760, left: 190, right: 60, row: 26, bar: 16, top: 54, gap: 44 } as const;

function loginBars(figures: Figures): Bar[] {
  return figures.contestants.map((one) => ({
    ...labelOf(one),
    value: ratio(figures, one, reference, (round) => round.logins.perSecond) ?? 0,
  }));
}

function pageBars(figures: Figures): Bar[] {
  return figures.contestants.flatMap((one) => {
    const times = (what: 'pages' | 'fullPages') =>
      ratio(
        figures,
        one,
        reference,
        (round) => round[what]!.perSecond,
        (round) => round.pages.perSecond,
      ) ?? 0;
    const plain = { ...labelOf(one), value: times('pages') };
    if (one.rounds[0]!.fullPages === null) return [plain];
    return [plain, { ...plain, label: `${plain.label}, four cards`, value: times('fullPages') }];
  });
}

const labelOf = ({ id, name }: ContestantFigures) => ({ label: name, isOurs: id === 'latchkey' });

const toXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function panel(title: string, bars: readonly Bar[], top: number): string {
  const sorted = bars.toSorted((a, b) => b.value - a.value);
  const widest = Math.max(1.05, ...bars.map(({ value }) => value));
  const scale = (size.width - size.left - size.right) / widest;
  const rows = sorted.map(({ label, value, isOurs }, index) => {
    const y = top + index * size.row;
    const middle = y + size.bar / 2 + 4;
    const width = (value * scale).toFixed(1);
    return [
      `<text class="label${isOurs ? ' ours' : ''}" x="${size.left - 8}" y="${middle}">${toXml(label)}</text>`,
      `<rect class="${isOurs ? 'own' : 'other'}" x="${size.left}" y="${y}" width="${width}" height="${size.bar}" rx="2"/>`,
      `<text class="value" x="${(size.left + value * scale + 6).toFixed(1)}" y="${middle}">${value.toFixed(2)}</text>`,
    ].join('\n');
  });
  const one = (size.left + scale).toFixed(1);
  const bottom = top + bars.length * size.row;
  return [
    `<text class="title" x="0" y="${top - 18}">${toXml(title)}</text>`,
    `<line class="one" x1="${one}" x2="${one}" y1="${top - 8}" y2="${bottom}"/>`,
    ...rows,
  ].join('\n');
}

/** docs/performance.svg: bars of the ratios, readable on a light and on a dark page. */
export function toPlot(figures: Figures): string {
  const [logins, pages] = [loginBars(figures), pageBars(figures)];
  const pagesTop = size.top + logins.length * size.row + size.gap;
  const height = pagesTop + pages.length * size.row + 8;
  const words = (bars: readonly Bar[]) =>
    bars.map(({ label, value }) => `${label} ${value.toFixed(2)}`).join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img" aria-labelledby="title" aria-describedby="words">
<title id="title">Logins and pages a second, as multiples of Passport on connect-redis</title>
<desc id="words">${toXml(`Logins: ${words(logins)}. Pages: ${words(pages)}.`)}</desc>
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.label { text-anchor: end; }
.ours { font-weight: 600; }
.own { fill: #6d3fc0; }
.other { fill: #8c959f; }
.one { stroke: #57606a; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.own { fill: #b392f0; }
.other { fill: #6e7681; }
.one { stroke: #9da7b1; }
}
</style>
${panel('Logins a second, × Passport on connect-redis', logins, size.top)}
${panel('Signed-in pages a second, × Passport on connect-redis', pages, pagesTop)}
</svg>
`;
}
