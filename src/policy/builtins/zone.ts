import { ZONE_NAMES } from './gen/zone-names.ts';

const NS_PER_MS = 1_000_000n;

/** What the clock of a place shows at some moment. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Sunday is 0. */
  readonly weekday: number;
}

/** What a clock shows, as the milliseconds at which a UTC clock shows the same. */
export function toLocal(milliseconds: number): LocalTime {
  const date = new Date(milliseconds);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
  };
}

export function floorToMs(ns: bigint): number {
  const remainder = ((ns % NS_PER_MS) + NS_PER_MS) % NS_PER_MS;
  return Number((ns - remainder) / NS_PER_MS);
}

/** Date.UTC would take the years 0 to 99 for 1900 to 1999. */
export function utcMs([year, month, day, hour, minute, second]: DateAndTime): number {
  return (
    new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1_000
  );
}

type DateAndTime = [number, number, number, number, number, number];

export interface Zone {
  /** How far its clock is ahead of UTC, in milliseconds, at this moment of UTC. */
  offsetMs(utcMs: number): number;
  /** The zone's abbreviation at that moment, such as `CET`; '' when unknown. */
  abbreviation(utcMs: number): string;
}

const UTC: Zone = { offsetMs: () => 0, abbreviation: () => 'UTC' };
const zones = new Map<string, Zone>();

/** `UTC` and '' are UTC; undefined where there is no such zone. */
export function zoneOf(name: string): Zone | undefined {
  if (name === '' || name === 'UTC') return UTC;
  const known = zones.get(name);
  if (known) return known;
  const zone = ianaZone(name === 'Local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : name);
  if (zone) zones.set(name, zone);
  return zone;
}

/** Go accepts only exact names of the tz database; Intl would also take `europe/berlin` and `+01:00`. */
function ianaZone(name: string): Zone | undefined {
  const history = historyOf(name);
  const offsetMs = history && intlOffset(name);
  if (!offsetMs) return undefined;
  return {
    offsetMs,
    abbreviation: (utcMs) => nameAt(history.get(offsetMs(utcMs)) ?? [], utcMs),
  };
}

/** Zone name → the history part of its line in the table. */
const LINES: ReadonlyMap<string, string> = new Map(
  ZONE_NAMES.trim()
    .split('\n')
    .flatMap((line) => {
      const [zones = '', history = ''] = line.split('=');
      return zones.split(' ').map((zone): [string, string] => [zone, history]);
    }),
);

/** Offset in milliseconds → its names; each after the first is preceded by the second from which it holds. */
function historyOf(zone: string): ReadonlyMap<number, readonly string[]> | undefined {
  const offsets = LINES.get(zone)
    ?.split('|')
    .map((text) => text.split(' '));
  return offsets && new Map(offsets.map(([seconds, ...names]) => [Number(seconds) * 1_000, names]));
}

function nameAt([first = '', ...later]: readonly string[], utcMs: number): string {
  let name = first;
  for (let i = 0; i < later.length && Number(later[i]) * 1_000 <= utcMs; i += 2) {
    name = later[i + 1] ?? '';
  }
  return name;
}

function intlOffset(timeZone: string): Zone['offsetMs'] | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  return (utcMs) => {
    const whole = Math.floor(utcMs / 1_000) * 1_000;
    const part = Object.fromEntries(
      format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]),
    ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
    const { year, month, day, hour, minute, second } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  };
}
