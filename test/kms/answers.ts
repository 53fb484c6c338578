import type { KmsAnswer } from '../../src/call.ts';
import { KmsFault } from '../../src/kms/port.ts';
import { DESTINATION_ARN, SOURCE_ARN } from './permits.ts';

/** A complete answer to the call that `aPermit` permits. */
export const ANSWER: KmsAnswer = {
  ciphertext: Buffer.from('new'),
  sourceKeyArn: SOURCE_ARN,
  destinationKeyArn: DESTINATION_ARN,
  sourceAlgorithm: 'SYMMETRIC_DEFAULT',
  destinationAlgorithm: 'SYMMETRIC_DEFAULT',
  sourceKeyMaterialId: '',
  destinationKeyMaterialId: '',
  dryRun: false,
  requestId: 'r',
  attempts: 1,
  latencyNs: 1,
};

export const THROTTLED = new KmsFault('ThrottlingException', 'Rate exceeded', { httpStatus: 400 });
export const DOWN = new KmsFault('KMSInternalException', '', { httpStatus: 500 });
export const RESET = new KmsFault('ECONNRESET', 'reset');
export const DENIED = new KmsFault('AccessDeniedException', '', { httpStatus: 400 });
