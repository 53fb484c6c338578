import type { HttpAnswer } from '../../../kms/aws/cli/signed-call.ts';
import { CliFailure, EXIT_CODE, type FailureFacts, otherFailure } from '../failure.ts';
import { JsonProblem, parseJson } from '../values/json-text.ts';
import { RESPONSE_MEMBERS } from '../values/shape.ts';
import { isMap, pythonText, type Value, type ValueMap } from '../values/value.ts';

const STATUS_TEXT: Readonly<Record<number, string>> = {
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
const TRANSIENT_STATUS = new Set([500, 502, 503, 504]);
const TRANSIENT_CODES = new Set([
  'RequestTimeout',
  'RequestTimeoutException',
  'PriorRequestNotComplete',
]);
const THROTTLING_CODES = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottledException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'TransactionInProgressException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'RequestThrottled',
  'SlowDown',
  'EC2ThrottledException',
]);

/** Errors of ReEncrypt in AWS's model; structured errors repeat the message only of these. */
const MODELLED_CODES = new Set([
  'NotFoundException',
  'DisabledException',
  'InvalidCiphertextException',
  'KeyUnavailableException',
  'IncorrectKeyException',
  'DependencyTimeoutException',
  'InvalidKeyUsageException',
  'InvalidGrantTokenException',
  'KMSInternalException',
  'KMSInvalidStateException',
  'DryRunOperationException',
]);

interface AwsError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** The members that AWS's model knows, in its order; others are not shown. */
export function responseMembers({ body }: HttpAnswer): ValueMap {
  const answered = bodyMap(body);
  return new Map(
    RESPONSE_MEMBERS.flatMap((name): readonly (readonly [string, Value])[] => {
      const value = answered.get(name);
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}

/** Undefined if the answer is a success. */
export function answeredError(answer: HttpAnswer): AwsError | undefined {
  const { status, body } = answer;
  if (status < 300) return undefined;
  const { code, message } = isGeneric(status, body) ? generic(status) : modelled(answer);
  const retryable =
    TRANSIENT_STATUS.has(status) || TRANSIENT_CODES.has(code) || THROTTLING_CODES.has(code);
  return { code, message, retryable };
}

/** If all tries were used up, the sentence says how many there were. */
export function serviceFailure(
  { code, message }: AwsError,
  retries: number | undefined,
): CliFailure {
  const facts: FailureFacts = MODELLED_CODES.has(code) ? { message } : {};
  return new CliFailure(EXIT_CODE.service, message, { code, calling: { retries }, facts });
}

/** A gateway's answer, which is not in KMS's form. */
function isGeneric(status: number, body: Buffer): boolean {
  const text = body.toString('utf8').trim();
  return status >= 500 && (text === '' || text.startsWith('<html>'));
}

function generic(status: number) {
  return { code: String(status), message: STATUS_TEXT[status] ?? '' };
}

function modelled({ status, headers, body }: HttpAnswer) {
  const map = bodyMap(body);
  const message =
    map.get(map.has('message') ? 'message' : 'Message') ?? (map.has('message') ? null : '');
  const [queryCode, queryType] = String(headers['x-amzn-query-error'] ?? '').split(';');
  const type = map.get('__type');
  const named = queryCode && queryType !== undefined ? queryCode : type;
  const code = typeof named === 'string' ? named : String(status);
  const [beforeColon = ''] = code.split(':', 1);
  return {
    code: beforeColon.slice(beforeColon.lastIndexOf('#') + 1),
    message: typeof message === 'string' ? message : pythonText(message),
  };
}

function bodyMap(body: Buffer): ValueMap {
  const text = body.toString('utf8');
  try {
    const value = text === '' ? undefined : parseJson(text);
    if (value === undefined || isMap(value)) return value ?? new Map();
    throw otherFailure('The endpoint answered with JSON that is not an object');
  } catch (thrown) {
    if (thrown instanceof JsonProblem) return new Map([['message', text]]);
    throw thrown;
  }
}
