import { Buffer } from 'node:buffer';
import { isFraction, splitLayout } from './layout.ts';
import { type Fields, nanoseconds, read } from './time-readers.ts';
import { utcMs } from './zone.ts';

/**
 * Go's `time.Parse` on a host whose clock is UTC → nanoseconds since the epoch, of any size; undefined
 * when the value does not follow the layout.
 */
export function parseTime(layout: string, value: string): bigint | undefined {
  const [parts, bytes] = [splitLayout(toBytes(layout)), toBytes(value)];
  const fields: Fields = {
    ...{ year: 0, month: -1, day: -1, yearDay: -1, hour: 0, minute: 0, second: 0 },
    ...{ nanosecond: 0, offsetSeconds: 0, am: false, pm: false, utc: false },
  };
  let rest: string | undefined = bytes;
  for (const [i, { literal, element }] of parts.entries()) {
    rest = skip(rest, literal);
    if (rest === undefined) return undefined;
    const length = element === '' ? 0 : read(element, rest, fields);
    if (length === undefined) return undefined;
    rest = rest.slice(length);
    const fractionFollows = isFraction(parts[i + 1]?.element ?? '');
    if (/^0?5$/.test(element) && !fractionFollows) rest = unaskedFraction(rest, fields);
  }
  return rest === '' ? toNs(fields) : undefined;
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Any run of spaces matches any other; at the end of the value it may be missing. */
function skip(value: string, literal: string): string | undefined {
  let rest = value;
  for (const run of literal.split(/( +)/)) {
    if (run.startsWith(' ')) {
      if (rest !== '' && !rest.startsWith(' ')) return undefined;
      rest = rest.replace(/^ +/, '');
    } else if (rest.startsWith(run)) rest = rest.slice(run.length);
    else return undefined;
  }
  return rest;
}

/** A value may have a fraction of a second even if its layout has none. */
function unaskedFraction(rest: string, fields: Fields): string {
  const length = /^[.,]\d+/.exec(rest)?.[0].length ?? 0;
  if (length > 0) fields.nanosecond = nanoseconds(rest.slice(0, length)) ?? 0;
  return rest.slice(length);
}

function toNs(fields: Fields): bigint | undefined {
  const { year, minute, second, nanosecond, offsetSeconds, utc } = fields;
  const date = monthAndDay(fields);
  if (!date) return undefined;
  const hour = hourOfDay(fields);
  // Go treats an offset of minus one second as no offset.
  const offset = utc || offsetSeconds === -1 ? 0 : offsetSeconds;
  const ms = utcMs([year, ...date, hour, minute, second]) - offset * 1_000;
  return BigInt(ms) * 1_000_000n + BigInt(nanosecond);
}

function hourOfDay({ hour, am, pm }: Fields): number {
  if (pm && hour < 12) return hour + 12;
  return am && hour === 12 ? 0 : hour;
}

/** A day of the year must agree with the month and the day, when those are given too. */
function monthAndDay({ year, month, day, yearDay }: Fields): [number, number] | undefined {
  const asked: [number, number] = [month < 0 ? 1 : month, day < 0 ? 1 : day];
  const date = new Date(
    utcMs(yearDay < 0 ? [year, ...asked, 0, 0, 0] : [year, 1, yearDay, 0, 0, 0]),
  );
  const found: [number, number] = [date.getUTCMonth() + 1, date.getUTCDate()];
  if (date.getUTCFullYear() !== year) return undefined;
  if (yearDay < 0) return found[0] === asked[0] && found[1] === asked[1] ? found : undefined;
  return (month < 0 || month === found[0]) && (day < 0 || day === found[1]) ? found : undefined;
}
