import type { Builtin } from './builtin.ts';
import { parseDurationNs } from './duration.ts';
import { isArray, type Term } from './term.ts';
import { floorToMs, type LocalTime, toLocal, type Zone, zoneOf } from './zone.ts';

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const NS_PER_MS = 1_000_000n;
const INT64 = 2n ** 63n;

/** Go's calendar on the nanoseconds of an int64, each moment a number or `[number, time zone]`. */
export const TIME_BUILTINS: Readonly<Record<string, Builtin>> = {
  'time.now_ns': (_args, { nowNs }) => nowNs,
  'time.parse_rfc3339_ns': ([text]) => parseRfc3339(text),
  'time.parse_duration_ns': ([text]) =>
    typeof text === 'string' ? parseDurationNs(text) : undefined,
  'time.date': onClock(({ year, month, day }) => [year, month, day]),
  'time.clock': onClock(({ hour, minute, second }) => [hour, minute, second]),
  'time.weekday': onClock(({ weekday }) => WEEKDAYS[weekday] ?? ''),
  'time.add_date': addDate,
  'time.diff': difference,
};

interface Moment {
  readonly ns: bigint;
  readonly zone: Zone;
}

function toMoment(term: Term | undefined): Moment | undefined {
  const [ns, name] = term !== null && typeof term === 'object' && isArray(term) ? term : [term];
  const zone =
    name === undefined ? zoneOf('') : typeof name === 'string' ? zoneOf(name) : undefined;
  const whole = toInteger(ns);
  if (!zone || whole === undefined || !isInt64(whole)) return undefined;
  return { ns: whole, zone };
}

/** 1.0 is an integer to OPA; 1.5 is none. */
function toInteger(term: Term | undefined): bigint | undefined {
  if (typeof term === 'bigint') return term;
  return typeof term === 'number' && Number.isInteger(term) ? BigInt(term) : undefined;
}

function isInt64(ns: bigint): boolean {
  return ns >= -INT64 && ns < INT64;
}

function clockMs({ ns, zone }: Moment): number {
  const utc = floorToMs(ns);
  return utc + zone(utc);
}

function onClock(read: (time: LocalTime) => Term): Builtin {
  return ([term]) => {
    const moment = toMoment(term);
    return moment && read(toLocal(clockMs(moment)));
  };
}

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

function parseRfc3339(text: Term | undefined): bigint | undefined {
  const found = typeof text === 'string' ? RFC3339.exec(text) : null;
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as Six;
  const [fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = found.slice(7);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (Number(offsetHours) > 24 || Number(offsetMinutes) > 59) return undefined;
  const ms = utcMs([year, month, day, hour, minute, second]);
  if (month < 1 || toLocal(ms).month !== month || toLocal(ms).day !== day) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const utc = sign === '-' ? ms + offset : ms - offset;
  const ns = BigInt(utc) * NS_PER_MS + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return isInt64(ns) ? ns : undefined;
}

type Six = [number, number, number, number, number, number];

/** Date.UTC would take the years 0 to 99 for 1900 to 1999. */
function utcMs([year, month, day, hour, minute, second]: Six): number {
  return (
    new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1_000
  );
}

function addDate([term, ...counts]: readonly Term[]): bigint | undefined {
  const moment = toMoment(term);
  const [years, months, days] = counts.map(toInteger).map(Number);
  if (!moment || !isCount(years) || !isCount(months) || !isCount(days)) return undefined;
  const { year, month, day, hour, minute, second } = toLocal(clockMs(moment));
  const shown = utcMs([year + years, month + months, day + days, hour, minute, second]);
  const subSecond = ((moment.ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  if (Number.isNaN(shown)) return undefined;
  const ns = BigInt(shown - offsetOfClock(moment.zone, shown)) * NS_PER_MS + subSecond;
  return isInt64(ns) ? ns : undefined;
}

function isCount(count: number | undefined): count is number {
  return count !== undefined && Number.isSafeInteger(count);
}

/** Go's choice where a clock shows a time twice or never: the offset that holds one offset earlier. */
function offsetOfClock(zone: Zone, shown: number): number {
  const guess = zone(shown);
  return guess === 0 ? 0 : zone(shown - guess);
}

/** Years, months, days, hours, minutes and seconds between two moments, on the clock of the first. */
function difference([first, second]: readonly Term[]): Term | undefined {
  const [one, two] = [toMoment(first), toMoment(second)];
  if (!one || !two) return undefined;
  const [from, to] = one.ns > two.ns ? [two, one] : [one, two];
  const earlier = toLocal(clockMs({ ns: from.ns, zone: one.zone }));
  const later = toLocal(clockMs({ ns: to.ns, zone: one.zone }));
  const firstMonth = new Date(0).setUTCFullYear(earlier.year, earlier.month, 0);
  let { year, month, day, hour, minute, second: seconds } = minus(later, earlier);
  if (seconds < 0) [seconds, minute] = [seconds + 60, minute - 1];
  if (minute < 0) [minute, hour] = [minute + 60, hour - 1];
  if (hour < 0) [hour, day] = [hour + 24, day - 1];
  if (day < 0) [day, month] = [day + new Date(firstMonth).getUTCDate(), month - 1];
  if (month < 0) [month, year] = [month + 12, year - 1];
  return [year, month, day, hour, minute, seconds];
}

function minus(a: LocalTime, b: LocalTime): LocalTime {
  return {
    year: a.year - b.year,
    month: a.month - b.month,
    day: a.day - b.day,
    hour: a.hour - b.hour,
    minute: a.minute - b.minute,
    second: a.second - b.second,
    weekday: 0,
  };
}
