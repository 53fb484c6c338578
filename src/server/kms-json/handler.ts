import type { RequestListener } from 'node:http';
import { parseAuthorization } from '../../aws-json/authorization.ts';
import { JsonFault } from '../../aws-json/fault.ts';
import { createAwsJsonHandler } from '../../aws-json/handler.ts';
import type { AwsRequest } from '../../aws-json/read-request.ts';
import { type Refusal, toRefusal } from '../../errors.ts';
import type { Pipeline, Released } from '../../pipeline.ts';
import { startRequestLifetime } from '../lifetime.ts';
import type { Envelope } from '../read-call.ts';
import { traceIdOf } from '../trace-id.ts';
import { dryRunSuccess, toJsonFault, toTurnedAway } from './json-faults.ts';
import { readJsonCall } from './read-json-call.ts';
import { type AccessKeys, createVerifier } from './sigv4.ts';

/** An operation other than ReEncrypt: members in, members out, or an error with AWS's name. */
type OtherOperations = (operation: string, body: unknown) => unknown;

export interface KmsJsonOptions {
  readonly pipeline: Pipeline;
  /** Called with every refusal before identity. */
  readonly turnedAway: (refusal: Refusal) => void;
  /** Told of unexpected errors, for the log alone. */
  readonly onInternal: (decisionId: string, cause: unknown) => void;
  readonly accessKeys: AccessKeys;
  readonly maxClockSkewMs: number;
  /** How long a call may take; AWS's protocol has no deadlines. */
  readonly deadlineMs: number;
  /** The embedded KMS's own operations, if it is the backend; otherwise they are refused. */
  readonly others?: OtherOperations | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly newId: () => string;
}

/**
 * The proxy behind AWS KMS's own protocol: ReEncrypt goes through the same pipeline as over gRPC,
 * and its decision id is the request id that SDKs show.
 */
export function createKmsJsonHandler(options: KmsJsonOptions): RequestListener {
  const { onInternal, newId, others } = options;
  const verify = createVerifier(options);
  return createAwsJsonHandler({
    newRequestId: newId,
    onInternal,
    answer: async (request) => {
      const accessKeyId = verified(request, verify, options);
      if (request.operation === 'ReEncrypt') return reEncrypt(request, accessKeyId, options);
      if (others) return others(request.operation, request.json());
      throw notServed(request.operation);
    },
  });
}

/** A wrong signature is a refusal before identity, answered in AWS's words. */
function verified(
  request: AwsRequest,
  verify: (request: AwsRequest) => string,
  { turnedAway }: KmsJsonOptions,
): string {
  try {
    return verify(request);
  } catch (thrown) {
    if (thrown instanceof JsonFault) turnedAway(toTurnedAway(thrown));
    throw thrown;
  }
}

async function reEncrypt(request: AwsRequest, accessKeyId: string, options: KmsJsonOptions) {
  const { pipeline, deadlineMs, onInternal } = options;
  const id = request.requestId;
  const { signal, end } = startRequestLifetime(request.signal, deadlineMs);
  try {
    return toMembers(await pipeline(read({ ...request, signal }, accessKeyId, options)));
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw thrown;
    const refusal = toRefusal(thrown);
    if (refusal.reason === 'INTERNAL') onInternal(id, refusal.cause);
    throw toJsonFault(refusal, id);
  } finally {
    end();
  }
}

function read(request: AwsRequest, accessKeyId: string, options: KmsJsonOptions) {
  try {
    return readJsonCall(request.json(), toEnvelope(request, accessKeyId, options));
  } catch (thrown) {
    options.turnedAway(thrown instanceof JsonFault ? toTurnedAway(thrown) : toRefusal(thrown));
    throw thrown;
  }
}

function toEnvelope(
  { requestId, peer, headers, signal }: AwsRequest,
  accessKeyId: string,
  { now }: KmsJsonOptions,
): Envelope {
  const { authorization = '', traceparent } = headers;
  // A signature is dealt with already; passed on, it would be refused as a malformed token.
  const token = parseAuthorization(authorization) ? '' : authorization;
  return {
    id: requestId,
    action: 'kms:ReEncrypt',
    transport: 'kms_json',
    arrival: { peer, socketIdentity: '', authorization: token, accessKeyId },
    job: '',
    traceId: traceIdOf(String(traceparent ?? '')),
    receivedAt: now(),
    signal,
  };
}

/** @throws JsonFault if it was a dry run. */
function toMembers({ answer }: Released) {
  if (answer.dryRun) throw dryRunSuccess();
  const { sourceKeyMaterialId, destinationKeyMaterialId } = answer;
  return {
    CiphertextBlob: Buffer.from(answer.ciphertext).toString('base64'),
    SourceKeyId: answer.sourceKeyArn,
    KeyId: answer.destinationKeyArn,
    SourceEncryptionAlgorithm: answer.sourceAlgorithm,
    DestinationEncryptionAlgorithm: answer.destinationAlgorithm,
    ...(sourceKeyMaterialId !== '' && { SourceKeyMaterialId: sourceKeyMaterialId }),
    ...(destinationKeyMaterialId !== '' && { DestinationKeyMaterialId: destinationKeyMaterialId }),
  };
}

function notServed(operation: string): JsonFault {
  return new JsonFault(
    'AccessDeniedException',
    `This endpoint serves ReEncrypt alone, under a policy; ask AWS KMS itself for ${operation}.`,
  );
}
