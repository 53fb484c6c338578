import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { SINK_NAMES, type SinkName } from '../../sink-names.ts';
import { createNodeDisk } from '../log/disk.ts';
import { createDecisionLogSink } from './decision-log.ts';
import { createDelivery, type Delivery, type Sink } from './deliver.ts';
import type { SinkOrder, SinkReport, SinkStart } from './messages.ts';
import { createStdoutSink } from './stdout.ts';

/** Sinks read the log from its file, in a thread of their own: however slow, they hold nobody up. */
if (!parentPort) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const { file, settings, from, written } = workerData as SinkStart;
const { stdout, 'decision-log': decisionLog, maxBehind } = settings;
const tell = (report: SinkReport) => port.postMessage(report);
// This thread may wait for the disk. libuv's may not: there are only four, and DNS needs them.
const disk = createNodeDisk('here');
// `ref: false`: a pause that nobody waits for any more must not keep the thread from ending.
const wait = async (ms: number) => setTimeout(ms, undefined, { ref: false });

const sinks: Readonly<Record<SinkName, Sink | undefined>> = {
  stdout: stdout ? createStdoutSink(wait) : undefined,
  'decision-log': decisionLog && createDecisionLogSink(decisionLog),
};
const deliveries = SINK_NAMES.flatMap((name) => {
  const sink = sinks[name];
  return sink ? [deliver(name, sink)] : [];
});

function deliver(name: SinkName, sink: Sink): Delivery {
  return createDelivery({
    ...{ disk, file, sink, from, written, maxBehind, wait },
    onDelivered: (seq) => tell({ type: 'delivered', sink: name, seq }),
    onDropped: (count) => tell({ type: 'dropped', sink: name, count }),
    onError: (message) => tell({ type: 'error', message }),
  });
}

port.on('message', (order: SinkOrder) => {
  if (order.type === 'durable') for (const delivery of deliveries) delivery.advance(order.seq);
  else {
    const end = () => port.close();
    Promise.all(deliveries.map((delivery) => delivery.close())).then(end, end);
  }
});
