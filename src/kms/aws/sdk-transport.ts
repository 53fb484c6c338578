import { type KMSClient, ReEncryptCommand, type ReEncryptCommandOutput } from '@aws-sdk/client-kms';
import type { KmsAnswer } from '../../call.ts';
import { dryRunAnswer } from '../dry-run.ts';
import { asId } from '../port.ts';
import type { KmsRequest } from '../request.ts';
import { orAbort } from './fault.ts';
import { toMembers } from './wire.ts';

/** One way for a ReEncrypt to travel. */
export type Transport = (request: KmsRequest) => Promise<KmsAnswer>;

/** ReEncrypt through the SDK's own middleware. */
export function createSdkTransport(client: KMSClient): Transport {
  return async (request) => {
    const { signal } = request;
    const started = performance.now();
    const timing = () => ({ latencyNs: Math.round((performance.now() - started) * 1e6) });
    const command = new ReEncryptCommand(toMembers(request, (ciphertext) => ciphertext));
    try {
      const output = await orAbort(signal, () => client.send(command, { abortSignal: signal }));
      return { ...toAnswer(output), ...timing() };
    } catch (thrown) {
      return { ...dryRunAnswer(thrown), ...timing(), attempts: 1 };
    }
  };
}

/** For an empty 200 the SDK returns every member undefined, so none is assumed to be there. */
function toAnswer(output: ReEncryptCommandOutput): Omit<KmsAnswer, 'latencyNs'> {
  return {
    ciphertext: output.CiphertextBlob ?? new Uint8Array(0),
    sourceKeyArn: output.SourceKeyId ?? '',
    destinationKeyArn: output.KeyId ?? '',
    sourceAlgorithm: output.SourceEncryptionAlgorithm ?? '',
    destinationAlgorithm: output.DestinationEncryptionAlgorithm ?? '',
    sourceKeyMaterialId: asId(output.SourceKeyMaterialId ?? ''),
    destinationKeyMaterialId: asId(output.DestinationKeyMaterialId ?? ''),
    dryRun: false,
    requestId: asId(output.$metadata.requestId ?? ''),
    attempts: output.$metadata.attempts ?? 1,
  };
}
