import { textWidth } from './text-width.ts';

export interface Section {
  readonly title: string;
  readonly indent: number;
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Style {
  readonly cell: (text: string) => string;
  readonly border: (text: string) => string;
  /** Written after each piece: returns the terminal to its own colours. */
  readonly reset: string;
}

const RESET = '\u001b[0m';
const BRIGHT_BLUE = ['\u001b[1m\u001b[34m', RESET] as const;
const DIM_YELLOW = ['\u001b[2m\u001b[33m', RESET] as const;
const CELL_PADDING = 4;

export const PLAIN_STYLE: Style = { cell: (text) => text, border: (text) => text, reset: '' };
export const COLOUR_STYLE: Style = {
  cell: painted(BRIGHT_BLUE),
  border: painted(DIM_YELLOW),
  reset: RESET,
};

function painted([start, end]: readonly [string, string]) {
  return (text: string) => `${start}${text}${end}`;
}

/** Draws sections below each other; if they are wider than the terminal, headers go to the left. */
export function drawTable(
  sections: readonly Section[],
  { width, style }: { width: number; style: Style },
): string {
  const narrow = widthOf(sections) <= width;
  const drawn = narrow ? sections : sections.map(turned);
  const total = widthOf(drawn);
  const lines = drawn.flatMap((section) => drawSection(section, total, style));
  return `${'-'.repeat(total)}\n${style.reset}${lines.join('')}`;
}

function widthOf(sections: readonly Section[]): number {
  return Math.max(...sections.map(sectionWidth));
}

function sectionWidth({ title, indent, headers, rows }: Section): number {
  const columns = columnWidths({ headers, rows }).reduce(
    (sum, each) => sum + each + CELL_PADDING,
    0,
  );
  const border = 2 + 2 * indent;
  return Math.max(textWidth(title) + border, columns + border);
}

function columnWidths({ headers, rows }: Pick<Section, 'headers' | 'rows'>): readonly number[] {
  const all = headers.length > 0 ? [headers, ...rows] : rows;
  const count = Math.max(0, ...all.map((row) => row.length));
  return Array.from({ length: count }, (_, column) =>
    Math.max(...all.map((row) => textWidth(row[column] ?? ''))),
  );
}

/** A section of one row reads better with a header a line. */
function turned(section: Section): Section {
  const [row, ...others] = section.rows;
  if (row === undefined || others.length > 0 || section.headers.length === 0) return section;
  const rows = section.headers.map((header, column) => [header, row[column] ?? '']);
  return { ...section, headers: [], rows };
}

function drawSection(section: Section, total: number, style: Style): readonly string[] {
  const { title, indent, headers, rows } = section;
  const width = total - 2 * indent;
  const widths = scaledWidths(section, width);
  const edge = style.border('|').repeat(indent);
  const rule = `+${widths.map((each, i) => '-'.repeat(each - (i === 0 ? 2 : 1))).join('+')}+`;
  const lines = [
    ...(title === '' ? [] : [centred(title, width, '|')]),
    ...(title !== '' && headers.length === 0 && rows.length === 0
      ? [`+${'-'.repeat(width - 2)}+`]
      : []),
    ...(headers.length === 0 ? [] : [rule, headerLine(headers, widths)]),
    ...(rows.length === 0 || widths.length === 0
      ? []
      : [rule, ...rows.map((row) => rowLine(row, widths, style)), rule]),
  ];
  const { reset } = style;
  return lines.map((line) => `${edge}${reset}${line}${reset}${edge}${reset}\n${reset}`);
}

function headerLine(headers: readonly string[], widths: readonly number[]): string {
  return headers.map((header, i) => centred(header, widths[i] ?? 0, i === 0 ? '|' : '')).join('');
}

function rowLine(row: readonly string[], widths: readonly number[], { cell }: Style): string {
  return row
    .map((text, i) => {
      const edge = i === 0 ? '|' : '';
      const room = (widths[i] ?? 0) - textWidth(text) - edge.length - 1;
      const left = room >= 2 ? 2 : 0;
      return `${edge}${' '.repeat(left)}${cell(text)}${' '.repeat(Math.max(0, room - left))}|`;
    })
    .join('');
}

function centred(text: string, width: number, leftEdge: string): string {
  const left = Math.max(0, Math.floor(width / 2) - Math.floor(textWidth(text) / 2) - 1);
  const right = Math.max(0, width - 1 - leftEdge.length - left - textWidth(text));
  return `${leftEdge}${' '.repeat(left)}${text}${' '.repeat(right)}|`;
}

/** Column widths stretched in proportion until they fill the table, odd units from the ends. */
function scaledWidths(section: Section, width: number): readonly number[] {
  const natural = columnWidths(section).map((each) => each + CELL_PADDING);
  const factor = width / natural.reduce((sum, each) => sum + each, 0);
  const scaled = natural.map((each) => roundHalfEven(factor * each));
  let off = scaled.reduce((sum, each) => sum + each, 0) - width;
  for (let i = 0; off !== 0 && scaled.length > 0; i += 1) {
    const step = i % scaled.length;
    const column = off > 0 ? step : scaled.length - 1 - step;
    scaled[column] = (scaled[column] ?? 0) - Math.sign(off);
    off -= Math.sign(off);
  }
  return scaled;
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
