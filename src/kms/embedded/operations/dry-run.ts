import { validation } from '../fault.ts';

interface DryRunMembers {
  readonly CiphertextBlob?: Uint8Array | undefined;
  readonly DryRun?: boolean | undefined;
  readonly DryRunModifiers?: readonly string[] | undefined;
}

/**
 * Checks the rules that bind the dry-run members to the ciphertext and the key.
 *
 * @returns true where the ciphertext is to be left alone.
 */
export function checkDryRun(
  input: DryRunMembers,
  keyId: string | undefined,
  keyMember: 'KeyId' | 'SourceKeyId',
): boolean {
  const ignore = (input.DryRunModifiers ?? []).includes('IGNORE_CIPHERTEXT');
  if (ignore && input.DryRun !== true) {
    throw validation('DryRunModifiers can only be specified when DryRun is true.');
  }
  if (ignore && keyId === undefined) {
    throw validation(`${keyMember} is required when DryRunModifiers includes IGNORE_CIPHERTEXT.`);
  }
  if (!ignore && input.CiphertextBlob === undefined) {
    throw validation(
      "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
    );
  }
  return ignore;
}
