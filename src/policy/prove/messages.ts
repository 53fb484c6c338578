import type { Program } from '../engine/program.ts';
import type { Limits } from '../limits.ts';

/** What the thread is started with. */
export interface ToProve {
  readonly wasm: Uint8Array;
  readonly data: Uint8Array;
  readonly limits: Limits;
}

/** The outcome: a program, or the sentence of a BundleFault. */
export type Proof = { readonly program: Program } | { readonly fault: string };
