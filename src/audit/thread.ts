import { parentPort, workerData } from 'node:worker_threads';
import { createNodeDisk } from './log/disk.ts';
import { createHost } from './log/host.ts';
import type { Order, ThreadData } from './messages.ts';

/** The log's own thread: all of its disk work is synchronous, and holds nobody else up. */
if (!parentPort) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const { options, turn } = workerData as ThreadData;

const host = createHost({
  options: { ...options, disk: createNodeDisk(), now: Date.now },
  turn: new Int32Array(turn),
  tell: (report) => port.postMessage(report),
});
port.on('message', (order: Order) => {
  host.take(order);
  if (order.type === 'close') port.close();
});
