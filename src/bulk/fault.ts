/** `data`: a file says what cannot be; `later`: another run may go on; `failed`: none will, as it is. */
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
