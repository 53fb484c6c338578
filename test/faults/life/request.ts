import { DEMO_CONTEXT, printedCiphertext } from '../../interop/helpers/demo.ts';
import type { RunningProxy } from '../../interop/helpers/proxy.ts';

/** A request that the demo allows. */
export async function requestFor(proxy: RunningProxy) {
  return {
    ciphertextBlob: await printedCiphertext(proxy),
    sourceKeyId: 'alias/demo-source',
    sourceEncryptionContext: DEMO_CONTEXT,
    destinationKeyId: 'alias/demo-destination',
    destinationEncryptionContext: DEMO_CONTEXT,
  };
}
