import type { Term } from './term.ts';

/** What is the same for all builtins of one decision. */
export interface BuiltinContext {
  /** Nanoseconds since the Unix epoch, the same in both phases of a call. */
  readonly nowNs: bigint;
}

/**
 * Undefined stands for an error, which makes the expression undefined, as in OPA. Fuel is charged by the
 * size of the arguments (`cost.ts`), so the work must be linear in that size.
 */
export type Builtin = (args: readonly Term[], context: BuiltinContext) => Term | undefined;
