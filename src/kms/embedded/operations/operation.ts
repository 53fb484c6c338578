import type { Caller } from '../model/key-id.ts';
import type { Shape } from '../shape/shape.ts';
import type { World } from '../world.ts';

/** One operation of KMS: what it takes, and what it does once each member is valid. */
export interface Operation<I, O> {
  readonly input: Shape<I>;
  run(world: World, input: I, caller: Caller): O;
}

/** Exists for its types: `run` gets the type that the shape describes. */
export function operation<I, O>(
  input: Shape<I>,
  run: (world: World, input: I, caller: Caller) => O,
): Operation<I, O> {
  return { input, run };
}
