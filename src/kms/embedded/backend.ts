import { randomUUID } from 'node:crypto';
import process from 'node:process';
import type { KeyDescription, KmsAnswer } from '../../call.ts';
import { dryRunAnswer } from '../dry-run.ts';
import { type Kms, KmsFault } from '../port.ts';
import type { KmsRequest } from '../request.ts';
import type { EmbeddedKms } from './embedded.ts';
import type { ReEncryptInput } from './operations/re-encrypt.ts';

/** The embedded KMS as the proxy's backend. A dry run that would succeed is an answer, as the port wants it. */
export function createEmbeddedBackend({ operations }: EmbeddedKms): Kms {
  return {
    reEncrypt: async (request) => {
      request.signal.throwIfAborted();
      const started = process.hrtime.bigint();
      const input = toInput(request);
      const answer = withRequestId((requestId) => reEncrypt(input, requestId));
      return { ...answer, attempts: 1, latencyNs: Number(process.hrtime.bigint() - started) };
    },
    describeKey: async (keyId, signal) => {
      signal.throwIfAborted();
      return withRequestId(() => toDescription(operations.DescribeKey({ KeyId: keyId })));
    },
    listAliases: async (keyArn, signal) => {
      signal.throwIfAborted();
      return withRequestId(() => {
        const { Aliases } = operations.ListAliases({ KeyId: keyArn, Limit: 1000 });
        return Aliases.map(({ AliasName }) => AliasName);
      });
    },
    listResourceTags: async (keyArn, signal) => {
      signal.throwIfAborted();
      return withRequestId(() => {
        const { Tags } = operations.ListResourceTags({ KeyId: keyArn });
        return Object.fromEntries(Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
      });
    },
    getPublicKey: async (keyId, signal) => {
      signal.throwIfAborted();
      return withRequestId(() => {
        const { KeyId, PublicKey } = operations.GetPublicKey({ KeyId: keyId });
        return { arn: KeyId, spki: PublicKey };
      });
    },
    sign: async ({ keyArn, message, algorithm, signal }) => {
      signal.throwIfAborted();
      const input = { KeyId: keyArn, Message: message, SigningAlgorithm: algorithm };
      return withRequestId(() => operations.Sign({ ...input, MessageType: 'RAW' }).Signature);
    },
    close: async () => {},
  };

  function reEncrypt(request: ReEncryptInput, requestId: string): Timeless {
    try {
      const output = operations.ReEncrypt(request);
      return {
        ciphertext: output.CiphertextBlob,
        sourceKeyArn: output.SourceKeyId,
        destinationKeyArn: output.KeyId,
        sourceAlgorithm: output.SourceEncryptionAlgorithm,
        destinationAlgorithm: output.DestinationEncryptionAlgorithm,
        sourceKeyMaterialId: output.SourceKeyMaterialId ?? '',
        destinationKeyMaterialId: output.DestinationKeyMaterialId ?? '',
        dryRun: false,
        requestId,
      };
    } catch (thrown) {
      return { ...dryRunAnswer(thrown), requestId };
    }
  }
}

type Timeless = Omit<KmsAnswer, 'attempts' | 'latencyNs'>;

function toInput(request: KmsRequest): ReEncryptInput {
  const { ciphertext, source, destination } = request;
  return {
    ...(ciphertext.length > 0 && { CiphertextBlob: ciphertext }),
    ...(source.keyId !== '' && { SourceKeyId: source.keyId }),
    SourceEncryptionContext: source.encryptionContext,
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationKeyId: destination.keyId,
    DestinationEncryptionContext: destination.encryptionContext,
    DestinationEncryptionAlgorithm: destination.algorithm,
    GrantTokens: request.grantTokens,
    DryRun: request.dryRun,
    DryRunModifiers: request.dryRunModifiers,
  };
}

function toDescription({
  KeyMetadata,
}: ReturnType<EmbeddedKms['operations']['DescribeKey']>): KeyDescription {
  return {
    arn: KeyMetadata.Arn,
    keyId: KeyMetadata.KeyId,
    spec: KeyMetadata.KeySpec,
    usage: KeyMetadata.KeyUsage,
    origin: KeyMetadata.Origin,
    manager: KeyMetadata.KeyManager,
    state: KeyMetadata.KeyState,
    multiRegion: KeyMetadata.MultiRegion,
    multiRegionType: KeyMetadata.MultiRegionConfiguration?.MultiRegionKeyType ?? '',
    createdAt: KeyMetadata.CreationDate.getTime(),
  };
}

/** KMS numbers every answer, and every fault too. */
function withRequestId<T>(ask: (requestId: string) => T): T {
  const requestId = randomUUID();
  try {
    return ask(requestId);
  } catch (thrown) {
    if (!(thrown instanceof KmsFault)) throw thrown;
    const { code, message, httpStatus } = thrown;
    throw new KmsFault(code, message, { httpStatus, requestId, cause: thrown });
  }
}
