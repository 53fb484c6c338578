import {
  ACTIONS,
  ENCRYPTION_ALGORITHMS,
  KEY_ID_FORMS,
  PHASES,
  PRINCIPAL_KINDS,
  TRANSPORTS,
} from '../../call.ts';
import { isJsonObject } from '../../json/object.ts';
import { type InputSide, type PolicyInput, toRelation } from '../../policy/input.ts';
import { SAMPLES } from '../../policy/samples.ts';
import { CommandFailure } from '../command.ts';
import { arnParts } from './arn-parts.ts';
import { completeTime } from './complete-time.ts';

/**
 * A whole input from the part that matters: laid over a plain call, with the parts of ARNs, the keys of the
 * encryption contexts, the relation of the sides and the fields of its time worked out, unless they are given.
 * @throws CommandFailure where the input has no such field, or the field never holds such a value: a policy
 * would be tried on a call that there cannot be, and most likely deny it
 */
export function completeInput(part: unknown): PolicyInput {
  if (!isJsonObject(part)) throw new CommandFailure('an input must be an object');
  const base: PolicyInput = SAMPLES['a plain call'];
  const given = Object.entries(part).map(([name, value]) => [name, withArnParts(name, value)]);
  const laid = overlay(base, Object.fromEntries(given), '') as PolicyInput;
  const source = withContextKeys(laid.source, part['source']);
  const destination = withContextKeys(laid.destination, part['destination']);
  refuseOther('/action', laid.action, ACTIONS);
  refuseOther('/phase', laid.phase, PHASES);
  refuseOther('/principal/kind', laid.principal.kind, PRINCIPAL_KINDS);
  refuseOther('/request/transport', laid.request.transport, TRANSPORTS);
  for (const [name, side] of Object.entries({ source, destination })) {
    refuseOther(`/${name}/algorithm`, side.algorithm, ENCRYPTION_ALGORITHMS);
    refuseOther(`/${name}/key_id_form`, side.key_id_form, KEY_ID_FORMS);
  }
  const relation = overlay(toRelation(source, destination), part['relation'] ?? {}, '/relation');
  const time = completeTime(laid.time, part['time']);
  return { ...laid, source, destination, relation: relation as PolicyInput['relation'], time };
}

function refuseOther(at: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  const named = known.map((one) => one || "''");
  throw new CommandFailure(`the input's ${at} must be one of ${named.join(', ')}`);
}

/** Maps that take any key; all others take only the known keys. */
const FREE = /\/(tags|attributes|encryption_context)$/;

function overlay(base: unknown, part: unknown, at: string): unknown {
  const free = FREE.test(at);
  if (!isLike(base, part, free)) {
    const wanted = free ? 'an object of strings' : wordFor(base);
    throw new CommandFailure(`the input's ${at} must be ${wanted}, not ${JSON.stringify(part)}`);
  }
  if (!isJsonObject(base) || !isJsonObject(part) || free) return part;
  const unknown = Object.keys(part).find((key) => !Object.hasOwn(base, key));
  if (unknown !== undefined) {
    const known = Object.keys(base).join(', ');
    throw new CommandFailure(`the input has no field ${at}/${unknown}; ${at || '/'} has ${known}`);
  }
  const entries = Object.entries(base).map(([key, value]) => {
    const given = Object.hasOwn(part, key);
    return [key, given ? overlay(value, part[key], `${at}/${key}`) : value];
  });
  return Object.fromEntries(entries);
}

/** Every list in the input is a list of strings. */
function isLike(base: unknown, part: unknown, free: boolean): boolean {
  if (Array.isArray(base)) return Array.isArray(part) && part.every(isText);
  if (isJsonObject(base)) return isJsonObject(part) && (!free || Object.values(part).every(isText));
  return typeof part === typeof base;
}

const isText = (value: unknown): boolean => typeof value === 'string';

function wordFor(base: unknown): string {
  if (Array.isArray(base)) return 'a list of strings';
  if (isJsonObject(base)) return 'an object';
  return typeof base === 'boolean' ? 'true or false' : `a ${typeof base}`;
}

function withArnParts(name: string, value: unknown): unknown {
  const isSide = name === 'source' || name === 'destination';
  if (!isSide || !isJsonObject(value) || typeof value['key_arn'] !== 'string') return value;
  return { ...arnParts(value['key_arn']), ...value };
}

function withContextKeys(side: InputSide, part: unknown): InputSide {
  if (isJsonObject(part) && Object.hasOwn(part, 'encryption_context_keys')) return side;
  return { ...side, encryption_context_keys: Object.keys(side.encryption_context).sort() };
}
