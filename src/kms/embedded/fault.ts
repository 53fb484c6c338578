import { KmsFault } from '../port.ts';

/** A refusal under KMS's own name. KMS answers 400 for every client error and 500 for its own. */
export function fault(code: string, message: string): KmsFault {
  const httpStatus = SERVER_FAULTS.has(code) ? 500 : 400;
  return new KmsFault(code, message, { httpStatus });
}

export const validation = (message: string): KmsFault => fault('ValidationException', message);
export const notFound = (message: string): KmsFault => fault('NotFoundException', message);

/** Wrong key, context or algorithm, or damage: KMS says which of them to nobody. */
export const invalidCiphertext = (): KmsFault => fault('InvalidCiphertextException', '');

export const dryRun = (): KmsFault =>
  fault(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  );

const SERVER_FAULTS = new Set([
  'KMSInternalException',
  'KeyUnavailableException',
  'DependencyTimeoutException',
]);
