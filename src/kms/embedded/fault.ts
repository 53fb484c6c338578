import { DRY_RUN_SENTENCE, httpStatusOf } from '../../aws-json/fault.ts';
import { KmsFault } from '../port.ts';

/** A refusal under KMS's own name. */
export function fault(code: string, message: string): KmsFault {
  return new KmsFault(code, message, { httpStatus: httpStatusOf(code) });
}

export const validation = (message: string): KmsFault => fault('ValidationException', message);
export const notFound = (message: string): KmsFault => fault('NotFoundException', message);

/** Wrong key, context or algorithm, or damage: KMS never says which. */
export const invalidCiphertext = (): KmsFault => fault('InvalidCiphertextException', '');

export const dryRun = (): KmsFault => fault('DryRunOperationException', DRY_RUN_SENTENCE);
