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
 * follows from its moment. @throws CommandFailure where that is not one, or what is given contradicts it
 */
export function completeTime(laid: Time, given: unknown): Time {
  if (!isJsonObject(given) || !saysMoment(given)) return laid;
  const time = toMoment(Object.hasOwn(given, 'unix_ms') ? laid.unix_ms : Date.parse(laid.rfc3339));
  for (const [field, value] of Object.entries(given)) {
    const right = time[field as keyof Time];
    const same = field === 'rfc3339' ? Date.parse(laid.rfc3339) === time.unix_ms : value === right;
    const why = `the input's /time/${field} must be ${right}, as the rest of it says`;
    if (!same) throw new CommandFailure(why);
  }
  return time;
}

function toMoment(milliseconds: number): Time {
  if (!Number.isNaN(new Date(milliseconds).getTime())) return toTime(milliseconds);
  throw new CommandFailure(
    "the input's /time is not a time: write rfc3339 as in 2026-01-05T09:00:00Z",
  );
}
