import type { Term } from './term.ts';

/** What is the same for all builtins of one decision. */
export interface BuiltinContext {
  /** Nanoseconds since the Unix epoch, the same in both phases of a call. */
  readonly nowNs: bigint;
}

/**
 * Undefined stands for an error, which makes the expression undefined, as in OPA. It takes fuel by the size
 * of its arguments (`cost.ts`), so that its work must be linear in that.
 */
export type Builtin = (args: readonly Term[], context: BuiltinContext) => Term | undefined;
