import { Buffer } from 'node:buffer';
import { fractionDigits, isFraction, MONTHS, splitLayout, WEEKDAYS } from './layout.ts';
import type { LocalTime } from './zone.ts';

interface ShownTime extends LocalTime {
  readonly nanosecond: number;
  /** How far the clock is ahead of UTC. */
  readonly offsetSeconds: number;
  /** Such as `CET`; '' where the zone has no name for itself. */
  readonly zoneName: string;
}

/** Go's `Time.Format`. */
export function formatTime(layout: string, time: ShownTime): string {
  const bytes = Buffer.from(layout, 'utf8').toString('latin1');
  const shown = splitLayout(bytes).map(({ literal, element }) => literal + show(element, time));
  return Buffer.from(shown.join(''), 'latin1').toString('utf8');
}

function show(element: string, time: ShownTime): string {
  if (isFraction(element)) return fraction(element, time.nanosecond);
  if (/^[-Z]/.test(element)) return offset(element, time.offsetSeconds);
  return FORMATS[element]?.(time) ?? '';
}

const FORMATS: Readonly<Record<string, (time: ShownTime) => string>> = {
  '2006': ({ year }) => pad(year, 4),
  '06': ({ year }) => pad(year % 100, 2),
  January: ({ month }) => MONTHS[month - 1] ?? '',
  Jan: ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3),
  '1': ({ month }) => String(month),
  '01': ({ month }) => pad(month, 2),
  Monday: ({ weekday }) => WEEKDAYS[weekday] ?? '',
  Mon: ({ weekday }) => (WEEKDAYS[weekday] ?? '').slice(0, 3),
  '2': ({ day }) => String(day),
  _2: ({ day }) => String(day).padStart(2),
  '02': ({ day }) => pad(day, 2),
  __2: (time) => String(dayOfYear(time)).padStart(3),
  '002': (time) => pad(dayOfYear(time), 3),
  '15': ({ hour }) => pad(hour, 2),
  '3': ({ hour }) => String(hour % 12 || 12),
  '03': ({ hour }) => pad(hour % 12 || 12, 2),
  '4': ({ minute }) => String(minute),
  '04': ({ minute }) => pad(minute, 2),
  '5': ({ second }) => String(second),
  '05': ({ second }) => pad(second, 2),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
  MST: ({ zoneName, offsetSeconds }) => zoneName || offset('-0700', offsetSeconds),
};

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function dayOfYear({ year, month, day }: ShownTime): number {
  return (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / 86_400_000 + 1;
}

/** `.000` always shows all its digits; `.999` drops trailing zeros, and the point too if no digit is left. */
function fraction(element: string, nanosecond: number): string {
  const digits = pad(nanosecond, 9).slice(0, fractionDigits(element));
  const trimmed = element[1] === '9' ? digits.replace(/0+$/, '') : digits;
  return trimmed === '' && element[1] === '9' ? '' : `${element[0]}${trimmed}`;
}

/** `Z07:00` shows `Z` at offset 0. Like Go, takes the sign from whole minutes, so -30 seconds shows `+`. */
function offset(element: string, seconds: number): string {
  if (seconds === 0 && element.startsWith('Z')) return 'Z';
  const colon = element.includes(':') ? ':' : '';
  const units = element.replaceAll(':', '').length;
  const [behind, ahead] = [seconds <= -60, Math.abs(seconds)];
  const minutes = `${colon}${pad(Math.trunc(ahead / 60) % 60, 2)}`;
  const rest = `${colon}${pad(behind ? ahead % 60 : seconds % 60, 2)}`;
  const hours = `${behind ? '-' : '+'}${pad(Math.trunc(ahead / 3_600), 2)}`;
  return `${hours}${units > 3 ? minutes : ''}${units > 5 ? rest : ''}`;
}
