/** Exit codes of the AWS CLI, version 2. */
export const EXIT_CODE = {
  ok: 0,
  interrupted: 130,
  usage: 252,
  configuration: 253,
  service: 254,
  other: 255,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** Named facts that follow the sentence. */
export type FailureFacts = Readonly<Record<string, string | readonly string[]>>;

interface FailureDetails {
  /** Stands in `An error occurred (…)`; without it the sentence stands alone. */
  readonly code?: string;
  /** Given if the service refused: the sentence then says `when calling the ReEncrypt operation`. */
  readonly calling?: { readonly retries?: number | undefined };
  readonly facts?: FailureFacts;
  /** Where the usage stands: in front of the sentence, after it, or nowhere. */
  readonly usage?: 'before' | 'after';
  readonly cause?: unknown;
}

/** Ends the command with one sentence and an exit code. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly exitCode: ExitCode;
  readonly details: FailureDetails;

  constructor(exitCode: ExitCode, sentence: string, details: FailureDetails = {}) {
    super(sentence, { cause: details.cause });
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** Arguments that cannot be right. */
export function usageFailure(sentence: string): CliFailure {
  return new CliFailure(EXIT_CODE.usage, sentence, { code: 'ParamValidation' });
}

/** One option whose value cannot be read. */
export function parameterFailure(option: string, problem: string): CliFailure {
  return usageFailure(`Error parsing parameter '${option}': ${problem}`);
}

/** An unforeseen failure, for which the AWS CLI has no code. */
export function otherFailure(sentence: string, cause?: unknown): CliFailure {
  return new CliFailure(EXIT_CODE.other, sentence, { cause });
}
