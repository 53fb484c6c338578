import { fractionDigits, isFraction, MONTHS, WEEKDAYS } from './layout.ts';

/** The fields that a value gives; -1 for month, day or yearDay when it does not. */
export interface Fields {
  year: number;
  month: number;
  day: number;
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  offsetSeconds: number;
  am: boolean;
  pm: boolean;
  /** The value says Z or UTC, which overrides any offset. */
  utc: boolean;
}

/** The bytes of the value that the element takes; undefined where it does not match. */
export function read(element: string, value: string, fields: Fields): number | undefined {
  if (isFraction(element)) return readFraction(element, value, fields);
  if (/^[-Z]/.test(element)) return readOffset(element, value, fields);
  const reader = READERS[element];
  const found = reader?.[0].exec(value);
  if (!reader || !found || reader[1](found[1] ?? found[0], fields) === false) return undefined;
  return found[0].length;
}

type Reader = readonly [RegExp, (text: string, fields: Fields) => unknown];

const names = (list: readonly string[], length?: number): RegExp =>
  new RegExp(`^(?:${list.map((name) => name.slice(0, length)).join('|')})`, 'i');
const monthReader = (length?: number): Reader => [
  names(MONTHS, length),
  (text, fields) => {
    const start = text.slice(0, 3).toLowerCase();
    fields.month = MONTHS.findIndex((name) => name.toLowerCase().startsWith(start)) + 1;
  },
];
const number = (
  pattern: RegExp,
  field: Exclude<keyof Fields, 'am' | 'pm' | 'utc'>,
  [least, most]: readonly [number, number],
): Reader => [
  pattern,
  (text, fields) => {
    fields[field] = Number(text);
    return fields[field] >= least && fields[field] <= most;
  },
];
const half = (pattern: RegExp): Reader => [
  pattern,
  (text, fields) => {
    fields[/^p/i.test(text) ? 'pm' : 'am'] = true;
  },
];

/** Days are range-checked at the end, when month and year are known. */
const READERS: Readonly<Record<string, Reader>> = {
  '2006': number(/^\d{4}/, 'year', [0, 9999]),
  '06': [
    /^[-+\d]\d/,
    (text, fields) => {
      fields.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000);
    },
  ],
  January: monthReader(),
  Jan: monthReader(3),
  '1': number(/^\d\d?/, 'month', [1, 12]),
  '01': number(/^\d\d/, 'month', [1, 12]),
  Monday: [names(WEEKDAYS), () => true],
  Mon: [names(WEEKDAYS, 3), () => true],
  '2': number(/^\d\d?/, 'day', [0, 99]),
  _2: number(/^ ?(\d\d?)/, 'day', [0, 99]),
  '02': number(/^\d\d/, 'day', [0, 99]),
  __2: number(/^ {0,2}(\d{1,3})/, 'yearDay', [0, 999]),
  '002': number(/^\d{3}/, 'yearDay', [0, 999]),
  '15': number(/^\d\d?/, 'hour', [0, 23]),
  '3': number(/^\d\d?/, 'hour', [0, 12]),
  '03': number(/^\d\d/, 'hour', [0, 12]),
  '4': number(/^\d\d?/, 'minute', [0, 59]),
  '04': number(/^\d\d/, 'minute', [0, 59]),
  '5': number(/^\d\d?/, 'second', [0, 59]),
  '05': number(/^\d\d/, 'second', [0, 59]),
  PM: half(/^[AP]M/),
  pm: half(/^[ap]m/),
  // Names of other zones mean offset 0; for Go on a UTC host, even `GMT+3` is just such a name.
  MST: [
    /^(?=.{3})(?:UTC|ChST|MeST|GMT(?:[-+]0*(?:1?\d|2[0-3])(?!\d))?|[-+]0*(?:1?\d|2[0-3])(?!\d)|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z]))/s,
    (text, fields) => {
      fields.utc ||= text === 'UTC';
    },
  ],
};

function readFraction(element: string, value: string, fields: Fields): number | undefined {
  const trailing = /^[.,]\d+/.exec(value)?.[0] ?? '';
  const length = element[1] === '9' ? trailing.length : 1 + fractionDigits(element);
  if (length === 0) return 0;
  const ns = value.length < length ? undefined : nanoseconds(value.slice(0, length));
  if (ns !== undefined) fields.nanosecond = ns;
  return ns === undefined ? undefined : length;
}

/** Go reads at most nine characters, of which the first may be a sign. */
export function nanoseconds(text: string): number | undefined {
  const digits = /^[.,]([-+]?\d*)$/.exec(text.slice(0, 10))?.[1];
  if (digits === undefined) return undefined;
  const ns = Number(digits.replace(/^[-+]$/, '0')) * 10 ** (9 - digits.length);
  return ns < 0 ? undefined : ns;
}

function readOffset(element: string, value: string, fields: Fields): number | undefined {
  if (element.startsWith('Z') && value.startsWith('Z')) {
    fields.utc = true;
    return 1;
  }
  const form = element.slice(1).replaceAll(/\d\d/g, '(\\d\\d)');
  const found = new RegExp(`^([-+])${form}`).exec(value);
  if (!found) return undefined;
  const [hours, minutes, seconds] = [found[2], found[3], found[4]].map((text) => Number(text ?? 0));
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined;
  if (hours > 24 || minutes > 60 || seconds > 60) return undefined;
  const offset = (hours * 60 + minutes) * 60 + seconds;
  fields.offsetSeconds = found[1] === '-' ? -offset : offset;
  return found[0].length;
}
