import type { KmsAnswer } from '../call.ts';
import { KmsFault } from './port.ts';

/**
 * The answer to a dry run that would succeed: KMS says so by failing with DryRunOperationException, and no more.
 * @throws what was thrown, where it is anything else
 */
export function dryRunAnswer(thrown: unknown): Omit<KmsAnswer, 'attempts' | 'latencyNs'> {
  if (!(thrown instanceof KmsFault) || thrown.code !== 'DryRunOperationException') throw thrown;
  return {
    ciphertext: new Uint8Array(),
    sourceKeyArn: '',
    destinationKeyArn: '',
    sourceAlgorithm: '',
    destinationAlgorithm: '',
    sourceKeyMaterialId: '',
    destinationKeyMaterialId: '',
    dryRun: true,
    requestId: thrown.requestId,
  };
}
