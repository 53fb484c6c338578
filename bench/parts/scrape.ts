import { createMetrics } from '../../src/metrics/metrics.ts';
import { cpuPerTurn } from './turns.ts';

/** Milliseconds to answer `/metrics` with every bounded series present, in a second of its own: fresh. */
let at = 0;
function now(): number {
  at += 1000;
  return at;
}
const metrics = createMetrics({ version: '0', backend: 'aws', now });
const microseconds = await cpuPerTurn(() => metrics.text(''), 100);
process.stdout.write(`${microseconds / 1e3}\n`);
