import { contextChanges } from '../../policy/context-changes.ts';
import type { InputSide, PolicyInput } from '../../policy/input.ts';
import { SAMPLES } from '../../policy/samples.ts';
import { CommandFailure } from '../program.ts';
import { isTree } from './tree.ts';

/**
 * A whole input from the part that matters: laid over a plain call, with the keys of the encryption
 * contexts and the relation of the sides worked out, unless they are given. @throws CommandFailure
 * where a field is none of the input's.
 */
export function completeInput(part: unknown): PolicyInput {
  if (!isTree(part)) throw new CommandFailure('an input must be an object');
  const base: PolicyInput = SAMPLES['a plain call'];
  const laid = overlay(base, part, '') as PolicyInput;
  const source = withContextKeys(laid.source, part['source']);
  const destination = withContextKeys(laid.destination, part['destination']);
  const relation = overlay(relate(source, destination), part['relation'] ?? {}, '/relation');
  return { ...laid, source, destination, relation: relation as PolicyInput['relation'] };
}

/** Free maps take any key; all else only the keys that are there. */
const FREE = /\/(tags|attributes|encryption_context)$/;

function overlay(base: unknown, part: unknown, at: string): unknown {
  if (!isTree(base) || !isTree(part)) return part;
  if (FREE.test(at)) return part;
  const unknown = Object.keys(part).find((key) => !Object.hasOwn(base, key));
  if (unknown !== undefined) throw new CommandFailure(`the input has no field ${at}/${unknown}`);
  const entries = Object.entries(base).map(([key, value]) => {
    const given = Object.hasOwn(part, key);
    return [key, given ? overlay(value, part[key], `${at}/${key}`) : value];
  });
  return Object.fromEntries(entries);
}

function withContextKeys(side: InputSide, part: unknown): InputSide {
  if (isTree(part) && Object.hasOwn(part, 'encryption_context_keys')) return side;
  return { ...side, encryption_context_keys: Object.keys(side.encryption_context).sort() };
}

function relate(source: InputSide, destination: InputSide): PolicyInput['relation'] {
  const known = source.known && destination.known;
  const same = (...fields: (keyof InputSide)[]) =>
    known && fields.every((field) => source[field] !== '' && source[field] === destination[field]);
  const multiRegion = source.multi_region && destination.multi_region;
  return {
    known,
    same_key: same('key_arn'),
    same_mrk_family: multiRegion && same('account', 'partition', 'key_id'),
    same_account: same('account', 'partition'),
    same_region: same('region', 'partition'),
    context: contextChanges(source.encryption_context, destination.encryption_context),
    algorithm_changed: source.algorithm !== destination.algorithm,
  };
}
