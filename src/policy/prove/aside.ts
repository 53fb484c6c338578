import { startThread } from '../../life/start-thread.ts';
import { messageOf } from '../../thrown.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { BundleFault } from '../bundle/fault.ts';
import type { Program } from '../engine/program.ts';
import type { Limits } from '../limits.ts';
import type { Proof, ToProve } from './messages.ts';

/** As `prove`, in a thread of its own, so that calls do not wait for it. */
export function proveAside({ wasm, data }: Bundle, limits: Limits): Promise<Program> {
  return new Promise((resolve, reject) => {
    startThread<never, Proof>({
      name: 'proof',
      data: { wasm: copyOf(wasm), data: copyOf(data), limits } satisfies ToProve,
      onReport(proof) {
        if ('program' in proof) resolve(proof.program);
        else reject(new BundleFault(proof.fault));
      },
      onEnd: (cause) => reject(new BundleFault(`the bundle cannot be proved: ${messageOf(cause)}`)),
    });
  });
}

/** Copied, because sending a view to the thread would send the whole unpacked bundle behind it. */
const copyOf = (piece: Uint8Array): Uint8Array => new Uint8Array(piece);
