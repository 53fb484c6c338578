import {
  type KMSClient,
  ReEncryptCommand,
  type ReEncryptCommandInput,
  type ReEncryptCommandOutput,
} from '@aws-sdk/client-kms';
import type { CallSide, EncryptionContext, KmsAnswer } from '../../call.ts';
import { KmsFault } from '../port.ts';
import type { KmsRequest } from '../request.ts';
import { orAbort } from './fault.ts';

/** One way for a ReEncrypt to travel. */
export type Transport = (request: KmsRequest) => Promise<KmsAnswer>;

/** ReEncrypt through the SDK's own middleware. */
export function createSdkTransport(client: KMSClient): Transport {
  return async (request) => {
    const { signal } = request;
    const started = performance.now();
    const command = new ReEncryptCommand(toInput(request));
    try {
      const output = await orAbort(signal, client.send(command, { abortSignal: signal }));
      return toAnswer(output, started);
    } catch (thrown) {
      return dryRunAnswer(thrown, started);
    }
  };
}

/** KMS says that a dry run would succeed by failing with DryRunOperationException. */
export function dryRunAnswer(thrown: unknown, started: number): KmsAnswer {
  if (!(thrown instanceof KmsFault) || thrown.code !== 'DryRunOperationException') throw thrown;
  return {
    ciphertext: new Uint8Array(0),
    sourceKeyArn: '',
    destinationKeyArn: '',
    sourceAlgorithm: '',
    destinationAlgorithm: '',
    sourceKeyMaterialId: '',
    destinationKeyMaterialId: '',
    dryRun: true,
    requestId: thrown.requestId,
    attempts: 1,
    latencyNs: nanosecondsSince(started),
  };
}

/** `started` is of `performance.now()`. */
export function nanosecondsSince(started: number): number {
  return Math.round((performance.now() - started) * 1e6);
}

function toInput(request: KmsRequest): ReEncryptCommandInput {
  const { source, destination, ciphertext, grantTokens, dryRun, dryRunModifiers } = request;
  return {
    CiphertextBlob: ciphertext.byteLength > 0 ? ciphertext : undefined,
    SourceKeyId: keyIdOf(source),
    SourceEncryptionContext: contextOf(source),
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationKeyId: destination.keyId,
    DestinationEncryptionContext: contextOf(destination),
    DestinationEncryptionAlgorithm: destination.algorithm,
    GrantTokens: grantTokens.length > 0 ? [...grantTokens] : undefined,
    DryRun: dryRun || undefined,
    DryRunModifiers: dryRunModifiers.length > 0 ? [...dryRunModifiers] : undefined,
  };
}

const keyIdOf = ({ keyId }: CallSide) => (keyId === '' ? undefined : keyId);

/** KMS takes `{}` and absent for the same, and refuses any context on an asymmetric side. */
function contextOf({ encryptionContext }: CallSide): EncryptionContext | undefined {
  return Object.keys(encryptionContext).length > 0 ? encryptionContext : undefined;
}

/** The SDK resolves an empty 200 with every member undefined, so all of them are doubted. */
function toAnswer(output: ReEncryptCommandOutput, started: number): KmsAnswer {
  return {
    ciphertext: output.CiphertextBlob ?? new Uint8Array(0),
    sourceKeyArn: output.SourceKeyId ?? '',
    destinationKeyArn: output.KeyId ?? '',
    sourceAlgorithm: output.SourceEncryptionAlgorithm ?? '',
    destinationAlgorithm: output.DestinationEncryptionAlgorithm ?? '',
    sourceKeyMaterialId: output.SourceKeyMaterialId ?? '',
    destinationKeyMaterialId: output.DestinationKeyMaterialId ?? '',
    dryRun: false,
    requestId: output.$metadata.requestId ?? '',
    attempts: output.$metadata.attempts ?? 1,
    latencyNs: nanosecondsSince(started),
  };
}
