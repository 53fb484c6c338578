import { validation } from '../fault.ts';

/** Nitro attestation needs AWS's own signed documents, which cannot exist here. */
export function refuseRecipient(recipient: object | undefined): void {
  if (recipient !== undefined) {
    throw validation('The attestation document of Recipient could not be verified.');
  }
}
