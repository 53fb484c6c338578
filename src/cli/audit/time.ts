import { CommandFailure } from '../command.ts';
import { UNREADABLE } from './exit-codes.ts';

/** Milliseconds since the epoch of what an option says, or so long ago. @throws CommandFailure */
export function timeOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return;
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const time =
    count === undefined ? instantOf(value) : Date.now() - Number(count) * (MS[unit] ?? Number.NaN);
  if (!Number.isNaN(time)) return time;
  throw new CommandFailure(
    `${option}: '${value}' is not a time with its zone, such as 2026-11-23T18:00:00Z, nor a day, nor an age such as 24h`,
    UNREADABLE,
  );
}

/** `Date.parse` accepts much more, mostly in this host's time zone: it reads `7` as a July. */
function instantOf(value: string): number {
  const [, day] = RFC_3339.exec(value) ?? [];
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Date.parse reads the 30th of February as a day of March.
  const real = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(`${day}`);
  return real ? Date.parse(value) : Number.NaN;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)(?:[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

const MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
