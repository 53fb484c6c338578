import { parentPort, workerData } from 'node:worker_threads';
import { BundleFault } from '../bundle/fault.ts';
import type { Proof, ToProve } from './messages.ts';
import { proveArchive } from './prove.ts';

/** @throws what is not the bundle's fault, which ends the thread */
function proof(): Proof {
  try {
    return proveArchive(workerData as ToProve);
  } catch (thrown) {
    if (!(thrown instanceof BundleFault)) throw thrown;
    return { fault: thrown.message };
  }
}

const found = proof();
// Transferred, not copied: the image is as large as the data.
parentPort?.postMessage(found, 'program' in found ? [found.program.image.buffer] : []);
