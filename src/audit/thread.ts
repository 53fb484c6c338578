import { parentPort, workerData } from 'node:worker_threads';
import { createNodeDisk } from './log/disk.ts';
import { createHost } from './log/host.ts';
import type { Order, ThreadData } from './messages.ts';
import { createThreadSigner } from './thread-signer.ts';

/** The log's own thread: however long the disk makes it wait, nobody else is held up. */
if (!parentPort) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const { settings, rounds, key } = workerData as ThreadData;
const { signer, signed } = createThreadSigner(key, settings.origin, (report) => {
  port.postMessage(report);
});

const host = createHost({
  settings,
  disk: createNodeDisk(),
  signer,
  now: Date.now,
  rounds: new Int32Array(rounds),
  tell(report) {
    port.postMessage(report);
    if (report.type === 'closed') port.close();
  },
  later: (ms, work) => setTimeout(work, ms).unref(),
});
port.on('message', (order: Order) => {
  if (order.type === 'signed') signed(order);
  else host.take(order);
});
