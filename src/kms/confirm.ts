import type { KmsAnswer, Side } from '../call.ts';
import { Refusal } from '../errors.ts';
import type { Permit } from '../policy/permit.ts';

/**
 * Nothing is released unless KMS's answer is whole and names the very keys and algorithms that were
 * judged. ARNs must be equal: a related multi-Region key shares the material, but has a policy,
 * grants and tags of its own, which nobody looked at.
 *
 * A source key that the caller left out is only checked for being named; the policy is then asked
 * about it. @throws Refusal CONFIRM_MISMATCH.
 */
export function confirm({ call, keys }: Permit, answer: KmsAnswer): void {
  if (answer.dryRun !== call.dryRun) {
    throw mismatch('', call.dryRun ? 'a real answer to a dry run' : 'a dry run of a real call');
  }
  if (answer.dryRun) confirmDryRun(answer);
  else confirmRelease({ call, keys }, answer);
}

function confirmRelease({ call, keys }: Pick<Permit, 'call' | 'keys'>, answer: KmsAnswer): void {
  if (answer.ciphertext.byteLength === 0) throw mismatch('', 'no ciphertext');
  if (answer.sourceKeyArn === '') throw mismatch('source', 'no source key');
  if (keys.source.known && answer.sourceKeyArn !== keys.source.keyArn) {
    throw mismatch('source', `source key ${answer.sourceKeyArn}`);
  }
  if (answer.destinationKeyArn === '' || answer.destinationKeyArn !== keys.destination.keyArn) {
    throw mismatch('destination', `destination key ${answer.destinationKeyArn || NONE}`);
  }
  if (answer.sourceAlgorithm !== call.source.algorithm) {
    throw mismatch('source', `source algorithm ${answer.sourceAlgorithm || NONE}`);
  }
  if (answer.destinationAlgorithm !== call.destination.algorithm) {
    throw mismatch('destination', `destination algorithm ${answer.destinationAlgorithm || NONE}`);
  }
}

const NONE = '(none)';

/** KMS reports a dry run that would succeed as an error, which names no key and no algorithm. */
function confirmDryRun(answer: KmsAnswer): void {
  if (answer.ciphertext.byteLength > 0) throw mismatch('', 'a ciphertext from a dry run');
}

/** What KMS reported goes to the log; the caller reads that the result is withheld. */
function mismatch(side: Side | '', reported: string): Refusal {
  return new Refusal('CONFIRM_MISMATCH', {
    side,
    cause: new Error(`KMS reported ${reported}`),
  });
}
