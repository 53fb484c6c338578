import type { Builtin } from './builtin.ts';
import { parseDurationNs } from './duration.ts';
import { NAMED_LAYOUTS, WEEKDAYS } from './layout.ts';
import { isArray, type Term } from './term.ts';
import { formatTime } from './time-format.ts';
import { parseTime } from './time-parse.ts';
import { floorToMs, type LocalTime, toLocal, utcMs, type Zone, zoneOf } from './zone.ts';

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const INT64 = 2n ** 63n;

/** Go's calendar on int64 nanoseconds; each moment is a number or `[number, time zone]`. */
export const TIME_BUILTINS: Readonly<Record<string, Builtin>> = {
  'time.now_ns': (_args, { nowNs }) => nowNs,
  'time.format': format,
  'time.parse_ns': ([layout, text]) => parse(layout, text),
  'time.parse_rfc3339_ns': ([text]) => parse('RFC3339', text),
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
  /** '' when there is none; only `time.format` reads it. */
  readonly layout: string;
}

function toMoment(term: Term | undefined): Moment | undefined {
  const [ns, name = '', layout = ''] = isArray(term) ? term : [term];
  if (typeof name !== 'string' || typeof layout !== 'string') return undefined;
  const zone = zoneOf(name);
  const whole = toInteger(ns);
  if (!zone || whole === undefined || !isInt64(whole)) return undefined;
  return { ns: whole, zone, layout };
}

/** 1.0 is an integer to OPA; 1.5 is not. */
function toInteger(term: Term | undefined): bigint | undefined {
  if (typeof term === 'bigint') return term;
  return typeof term === 'number' && Number.isInteger(term) ? BigInt(term) : undefined;
}

function isInt64(ns: bigint): boolean {
  return ns >= -INT64 && ns < INT64;
}

function clockMs({ ns, zone }: Moment): number {
  const utc = floorToMs(ns);
  return utc + zone.offsetMs(utc);
}

function onClock(read: (time: LocalTime) => Term): Builtin {
  return ([term]) => {
    const moment = toMoment(term);
    return moment && read(toLocal(clockMs(moment)));
  };
}

function parse(layout: Term | undefined, text: Term | undefined): bigint | undefined {
  if (typeof layout !== 'string' || typeof text !== 'string') return undefined;
  const ns = parseTime(NAMED_LAYOUTS.get(layout) ?? layout, text);
  return ns !== undefined && isInt64(ns) ? ns : undefined;
}

function format([term]: readonly Term[]): string | undefined {
  const moment = toMoment(term);
  if (!moment) return undefined;
  const { ns, zone, layout } = moment;
  const ms = floorToMs(ns);
  return formatTime(NAMED_LAYOUTS.get(layout || 'RFC3339Nano') ?? layout, {
    ...toLocal(ms + zone.offsetMs(ms)),
    nanosecond: Number(subSecond(ns)),
    offsetSeconds: zone.offsetMs(ms) / 1_000,
    zoneName: zone.abbreviation(ms),
  });
}

function subSecond(ns: bigint): bigint {
  return ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
}

function addDate([term, ...counts]: readonly Term[]): bigint | undefined {
  const moment = toMoment(term);
  const [years, months, days] = counts.map(toInteger).map(Number);
  if (!moment || !isCount(years) || !isCount(months) || !isCount(days)) return undefined;
  const { year, month, day, hour, minute, second } = toLocal(clockMs(moment));
  const shown = utcMs([year + years, month + months, day + days, hour, minute, second]);
  if (Number.isNaN(shown)) return undefined;
  const ns = BigInt(shown - offsetOfClock(moment.zone, shown)) * NS_PER_MS + subSecond(moment.ns);
  return isInt64(ns) ? ns : undefined;
}

function isCount(count: number | undefined): count is number {
  return count !== undefined && Number.isSafeInteger(count);
}

/** When a clock shows a time twice or never, Go takes the offset in force one (guessed) offset earlier. */
function offsetOfClock(zone: Zone, shown: number): number {
  const guess = zone.offsetMs(shown);
  return guess === 0 ? 0 : zone.offsetMs(shown - guess);
}

/** Years, months, days, hours, minutes and seconds between two moments, on the clock of the first. */
function difference([first, second]: readonly Term[]): Term | undefined {
  const [one, two] = [toMoment(first), toMoment(second)];
  if (!one || !two) return undefined;
  const [from, to] = one.ns > two.ns ? [two, one] : [one, two];
  const earlier = toLocal(clockMs({ ...from, zone: one.zone }));
  const later = toLocal(clockMs({ ...to, zone: one.zone }));
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
