/** `data`: a file is wrong; `later`: another run may go on; `failed`: no run will, as things are. */
export type FaultKind = 'data' | 'later' | 'failed';

/** Why a job stops, in one sentence for people. What is in its results by then stays. */
export class JobFault extends Error {
  override readonly name = 'JobFault';
  readonly kind: FaultKind;

  constructor(kind: FaultKind, sentence: string) {
    super(sentence);
    this.kind = kind;
  }
}
