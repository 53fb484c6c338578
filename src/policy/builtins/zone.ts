const NS_PER_MS = 1_000_000n;

/** A moment on the clock of a place. `offsetMs` is what that clock is ahead of UTC. */
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

/** What the clock of a time zone is ahead of UTC, in milliseconds, at a moment of UTC. */
export type Zone = (utcMs: number) => number;

const zones = new Map<string, Zone>();
const MOST_ZONES = 600;

/** `UTC` and '' are UTC; undefined where there is no such zone. */
export function zoneOf(name: string): Zone | undefined {
  if (name === '' || name === 'UTC') return () => 0;
  const known = zones.get(name);
  if (known) return known;
  const zone = ianaZone(name === 'Local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : name);
  if (zone && zones.size < MOST_ZONES) zones.set(name, zone);
  return zone;
}

/** Go knows zones by the exact names of the tz database; Intl would take `europe/berlin` and `+01:00`. */
function ianaZone(name: string): Zone | undefined {
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/.test(name)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
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
