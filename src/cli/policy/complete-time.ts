import { isJsonObject } from '../../json/object.ts';
import { type PolicyInput, toTime } from '../../policy/input.ts';
import { CommandFailure } from '../command.ts';

type Time = PolicyInput['time'];

/** Whether a part of an input gives the moment of the call, from which all of its `time` follows. */
export function saysMoment(time: unknown): boolean {
  return isJsonObject(time) && (Object.hasOwn(time, 'unix_ms') || Object.hasOwn(time, 'rfc3339'));
}

/**
 * The time of a call, of which `given` is a part and `laid` that part over the plain call: what it leaves out
 * follows from its moment, or from its hour and weekday. @throws CommandFailure where there is no such moment, or
 * what is given contradicts it
 */
export function completeTime(laid: Time, given: unknown): Time {
  if (!isJsonObject(given)) return laid;
  if (!saysMoment(given)) return nextHour(laid);
  const time = toMoment(Object.hasOwn(given, 'unix_ms') ? laid.unix_ms : Date.parse(laid.rfc3339));
  for (const [field, value] of Object.entries(given)) {
    const right = time[field as keyof Time];
    const same = field === 'rfc3339' ? Date.parse(laid.rfc3339) === time.unix_ms : value === right;
    const why = `the input's /time/${field} must be ${right}, as the rest of it says`;
    if (!same) throw new CommandFailure(why);
  }
  return time;
}

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;

/** An hour or a weekday alone: the next such moment, so that a policy that asks the clock sees the same time. */
function nextHour({ unix_ms, weekday, hour_utc }: Time): Time {
  for (let hours = 0; hours < WEEK_HOURS; hours += 1) {
    const time = toTime(unix_ms + hours * HOUR_MS);
    if (time.weekday === weekday && time.hour_utc === hour_utc) return time;
  }
  throw new CommandFailure(
    `the input's /time has no hour ${hour_utc} on a ${weekday}: hours are 0 to 23, days Monday to Sunday`,
  );
}

function toMoment(milliseconds: number): Time {
  if (!Number.isNaN(new Date(milliseconds).getTime())) return toTime(milliseconds);
  throw new CommandFailure(
    "the input's /time is not a time: write rfc3339 as in 2026-01-05T09:00:00Z",
  );
}
