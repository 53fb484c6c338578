import { openPoint } from '../../test/policy/open-point.ts';
import { oneCall } from './one-call.ts';
import { cpuPerTurn } from './turns.ts';

/** One decision of the example policy in process, input building included: node policy.ts BUNDLE */
const [source = ''] = process.argv.slice(2);
const policy = await openPoint({
  source,
  limits: { timeoutMs: 1000, memoryBytes: 1 << 24 },
});
const { call, keys, principal } = oneCall(0);
const resolved = { call, keys, principal };

const { effect } = await policy.decide(resolved, 'request');
if (effect !== 'allow') throw new Error('the example policy denies the call of the benchmark');

const microseconds = await cpuPerTurn(async () => {
  await policy.decide(resolved, 'request');
});
process.stdout.write(`${microseconds}\n`);
await policy.close();
