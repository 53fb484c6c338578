import type { Program } from '../engine/program.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Limits } from '../limits.ts';

/** A bundle that has proved itself. */
export interface Candidate {
  readonly revision: string;
  readonly program: Program;
}

/** To the thread: the candidate to judge by, inputs to judge, or to end. */
export type ShadowOrder =
  | ({ readonly type: 'candidate'; readonly limits: Limits } & Candidate)
  | { readonly type: 'judge'; readonly questions: readonly ShadowQuestion[] }
  | { readonly type: 'end' };

/** Shared by both threads: set to 1 when the end is ordered; the thread checks it between questions. */
export type Ending = Int32Array<SharedArrayBuffer>;

export interface ShadowQuestion {
  readonly id: number;
  /** The input as JSON text, the same bytes that the serving bundle was given. */
  readonly input: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface ShadowAnswer {
  readonly id: number;
  readonly revision: string;
  readonly evaluation: Evaluation;
}
