import { type KMSClient, ReEncryptCommand, type ReEncryptCommandOutput } from '@aws-sdk/client-kms';
import type { KmsAnswer } from '../../call.ts';
import { dryRunAnswer } from '../dry-run.ts';
import { asId } from '../port.ts';
import type { KmsRequest } from '../request.ts';
import { orAbort, orNoCredentials } from './fault.ts';
import { namesIn, toMembers } from './wire.ts';

/** One way for a ReEncrypt to travel. */
export type Transport = (request: KmsRequest) => Promise<KmsAnswer>;

/** ReEncrypt through the SDK's own middleware. */
export function createSdkTransport(client: KMSClient): Transport {
  return async (request) => {
    const { signal } = request;
    const started = performance.now();
    const timing = () => ({ latencyNs: Math.round((performance.now() - started) * 1e6) });
    const command = new ReEncryptCommand(toMembers(request, (ciphertext) => ciphertext));
    // The SDK asks for them again, and then has them at once.
    await orNoCredentials(signal, () => client.config.credentials());
    try {
      const output = await orAbort(signal, () => client.send(command, { abortSignal: signal }));
      return { ...toAnswer(output), ...timing() };
    } catch (thrown) {
      return { ...dryRunAnswer(thrown), ...timing(), attempts: 1 };
    }
  };
}

/** The SDK returns what is in the JSON, whatever its type, and for an empty 200 nothing. */
function toAnswer({ CiphertextBlob: blob, $metadata, ...names }: ReEncryptCommandOutput) {
  return {
    ciphertext: blob instanceof Uint8Array ? blob : new Uint8Array(0),
    ...namesIn(names),
    dryRun: false,
    requestId: asId($metadata.requestId ?? ''),
    attempts: $metadata.attempts ?? 1,
  };
}
