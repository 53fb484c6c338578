import type { BundleFacts, ReadOptions } from '../bundle/bundle.ts';
import type { Program } from '../engine/program.ts';
import type { Limits } from '../limits.ts';

/** An archive to read and to prove, by these limits. */
export interface ToProve extends ReadOptions {
  readonly archive: Uint8Array;
  readonly limits: Limits;
}

/** A bundle that may serve. */
export interface Proved {
  readonly bundle: BundleFacts;
  readonly program: Program;
}

/** The outcome: what was proved, or the sentence of a BundleFault. */
export type Proof = Proved | { readonly fault: string };
