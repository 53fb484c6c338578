/** An error with AWS's own name, as the protocol can carry it. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly code: string;
  readonly httpStatus: number;

  constructor(code: string, message = '', httpStatus = 400) {
    super(message);
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

/** The part of an error that the caller reads. */
export type ToldFault = Pick<JsonFault, 'code' | 'message' | 'httpStatus'>;

/** Only errors with an AWS name and an HTTP status are shown to callers. */
export function toFault(thrown: unknown): ToldFault | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, httpStatus } = thrown as Partial<JsonFault>;
  if (typeof code !== 'string' || typeof httpStatus !== 'number' || httpStatus < 400) {
    return undefined;
  }
  return { code, message: thrown.message, httpStatus };
}

const SERVER_FAULTS: ReadonlySet<string> = new Set([
  'KMSInternalException',
  'KeyUnavailableException',
  'DependencyTimeoutException',
]);

/** KMS answers 400 for every error that the caller can fix. */
export function httpStatusOf(code: string): 400 | 500 {
  return SERVER_FAULTS.has(code) ? 500 : 400;
}

/** The message of DryRunOperationException: KMS reports a dry run that would succeed as an error. */
export const DRY_RUN_SENTENCE = 'The request would have succeeded, but the DryRun option is set.';
