import { startThread } from '../../life/start-thread.ts';
import { messageOf } from '../../thrown.ts';
import { BundleFault } from '../bundle/fault.ts';
import type { Proof, Proved, ToProve } from './messages.ts';

/**
 * As `proveArchive`, in a thread of its own, so that calls do not wait for it: with the largest data, to read and
 * verify an archive takes seconds too, even one that is then refused.
 */
export function proveAside({ archive, ...options }: ToProve): Promise<Proved> {
  return new Promise((resolve, reject) => {
    startThread<never, Proof>({
      name: 'proof',
      // Copied, because a small archive may be a view of a buffer that it shares.
      data: { ...options, archive: new Uint8Array(archive) } satisfies ToProve,
      onReport(proof) {
        if ('program' in proof) resolve(proof);
        else reject(new BundleFault(proof.fault));
      },
      onEnd: (cause) => reject(new BundleFault(`the bundle cannot be proved: ${messageOf(cause)}`)),
    });
  });
}
