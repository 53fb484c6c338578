import { invalid, toRefusal } from '../errors.ts';
import type { EncryptionAlgorithm } from '../gen/kms/reencrypt/v1/EncryptionAlgorithm.ts';
import type { ReEncryptRequest__Output } from '../gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptResponse } from '../gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import type { Pipeline, Released } from '../pipeline.ts';
import type { HandlerTools } from './handler-tools.ts';
import { type Envelope, readCall, type WireCall } from './read-call.ts';
import type { UnaryMethod } from './unary.ts';

const ALGORITHM_PREFIX = 'ENCRYPTION_ALGORITHM_';
const MODIFIER_PREFIX = 'DRY_RUN_MODIFIER_';

const WIRE_ALGORITHMS: Readonly<Record<string, EncryptionAlgorithm>> = {
  SYMMETRIC_DEFAULT: 'ENCRYPTION_ALGORITHM_SYMMETRIC_DEFAULT',
  RSAES_OAEP_SHA_1: 'ENCRYPTION_ALGORITHM_RSAES_OAEP_SHA_1',
  RSAES_OAEP_SHA_256: 'ENCRYPTION_ALGORITHM_RSAES_OAEP_SHA_256',
  SM2PKE: 'ENCRYPTION_ALGORITHM_SM2PKE',
};

/** `ReEncrypt`: message in, pipeline, message out. */
export function reEncryptMethod(
  pipeline: Pipeline,
  tools: Pick<HandlerTools, 'turnedAway'>,
): UnaryMethod<ReEncryptRequest__Output, ReEncryptResponse> {
  return {
    method: 'ReEncrypt',
    action: 'kms:ReEncrypt',
    perform: (request, envelope) =>
      pipeline(readRequest(request, envelope, tools)).then(toResponse),
  };
}

/** The message → a call. What is refused here never met a stage, so `turnedAway` is called with it. */
export function readRequest(
  request: ReEncryptRequest__Output | null,
  envelope: Envelope,
  { turnedAway }: Pick<HandlerTools, 'turnedAway'>,
) {
  try {
    if (!request) throw invalid([{ field: 'request', description: 'must be set' }]);
    return readCall(toWireCall(request), envelope);
  } catch (thrown) {
    const refusal = toRefusal(thrown);
    turnedAway(refusal);
    throw refusal;
  }
}

function toWireCall(request: ReEncryptRequest__Output): WireCall {
  return {
    ...request,
    ciphertext: request.ciphertextBlob,
    sourceEncryptionAlgorithm: unprefixed(ALGORITHM_PREFIX, request.sourceEncryptionAlgorithm),
    destinationEncryptionAlgorithm: unprefixed(
      ALGORITHM_PREFIX,
      request.destinationEncryptionAlgorithm,
    ),
    dryRunModifiers: request.dryRunModifiers.map((m) => unprefixed(MODIFIER_PREFIX, m)),
  };
}

/** A value that is not in the enum arrives as its number. */
function unprefixed(prefix: string, name: string | number): string {
  const text = String(name);
  const bare = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  return bare === 'UNSPECIFIED' && prefix === ALGORITHM_PREFIX ? '' : bare;
}

export function toResponse({ call, answer }: Released): ReEncryptResponse {
  const unspecified = 'ENCRYPTION_ALGORITHM_UNSPECIFIED';
  return {
    ciphertextBlob: answer.ciphertext,
    sourceKeyId: answer.sourceKeyArn,
    keyId: answer.destinationKeyArn,
    sourceEncryptionAlgorithm: WIRE_ALGORITHMS[answer.sourceAlgorithm] ?? unspecified,
    destinationEncryptionAlgorithm: WIRE_ALGORITHMS[answer.destinationAlgorithm] ?? unspecified,
    sourceKeyMaterialId: answer.sourceKeyMaterialId,
    destinationKeyMaterialId: answer.destinationKeyMaterialId,
    decisionId: call.id,
    dryRun: answer.dryRun,
  };
}
