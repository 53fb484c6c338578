import type { Results } from './report.ts';
import { figure } from './table.ts';

const BAR = 22;
const GAP = 8;
const LABEL = 270;
const WIDTH = 860;
const TOP = 56;

/** CPU per call of every server as an SVG of bars, with the range over the rounds as a thin line. */
export function toSvg({ rows, date, machine }: Results): string {
  const most = Math.max(...rows.flatMap(({ rounds, cpu_us }) => [...rounds, cpu_us]));
  const scale = (value: number) => (value / most) * (WIDTH - LABEL - 90);
  const height = TOP + rows.length * (BAR + GAP) + 16;
  const bars = rows.map((row, index) => {
    const y = TOP + index * (BAR + GAP);
    const middle = y + BAR / 2;
    const ours = row.id.startsWith('proxy');
    const [low, high] = [Math.min(...row.rounds), Math.max(...row.rounds)].map(scale);
    return [
      text(LABEL - 10, middle + 5, row.title, 'end'),
      `<rect x="${LABEL}" y="${y}" width="${round(scale(row.cpu_us))}" height="${BAR}" rx="2" fill="${ours ? '#0f766e' : '#94a3b8'}"/>`,
      `<path d="M${round(LABEL + (low ?? 0))} ${middle}H${round(LABEL + (high ?? 0))}" stroke="#1e293b" stroke-width="2"/>`,
      text(
        LABEL + Math.max(high ?? 0, scale(row.cpu_us)) + 8,
        middle + 5,
        `${figure(row.cpu_us)} µs`,
        'start',
      ),
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1e293b">
<title>CPU microseconds of the server process per ReEncrypt</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="24" font-size="16" font-weight="600">CPU per call at saturation, one pinned core (less is better)</text>
<text x="16" y="42" fill="#64748b">${escapeXml(`${date.slice(0, 10)}, ${machine['cpu']}, Node ${machine['node']}, ${machine['go']}; median of the rounds, line: their range`)}</text>
${bars.join('\n')}
</svg>
`;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'end'): string {
  return `<text x="${round(x)}" y="${y}" text-anchor="${anchor}">${escapeXml(words)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escapeXml = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
