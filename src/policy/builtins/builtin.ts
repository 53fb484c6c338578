import type { Term } from './term.ts';

/** What is the same for all builtins of one decision. */
export interface BuiltinContext {
  /** Nanoseconds since the Unix epoch, the same in both phases of a call. */
  readonly nowNs: bigint;
}

/**
 * Undefined stands for an error, which makes the expression undefined, as in OPA. What a builtin does
 * takes no fuel, so that its work must be linear in the size of its arguments.
 */
export type Builtin = (args: readonly Term[], context: BuiltinContext) => Term | undefined;
