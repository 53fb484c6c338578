import { createMetrics } from '../../src/metrics/metrics.ts';
import { cpuPerTurn } from './turns.ts';

/** Milliseconds to answer `/metrics` with every bounded series present. */
const metrics = createMetrics({ version: '0', backend: 'aws' });
const microseconds = await cpuPerTurn(() => metrics.text(''), 100);
process.stdout.write(`${microseconds / 1e3}\n`);
