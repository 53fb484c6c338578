import { join } from 'node:path';
import { createAudit } from '../../src/audit/create-audit.ts';
import { keepHeapSmall } from '../../src/heap.ts';
import { oneCall } from './one-call.ts';
import { cpuPerTurn } from './turns.ts';

/** Both durable entries of a call, 32 calls in flight, the log's thread included: node audit.ts FOLDER */
const IN_FLIGHT = 32;
const [folder = ''] = process.argv.slice(2);
// As `serve` does.
keepHeapSmall(process.env);
const audit = await createAudit({
  file: join(folder, 'audit-part', 'audit.jsonl'),
  durability: 'fsync',
  backend: 'aws',
  version: '0',
  now: Date.now,
  warn: () => {},
});

let index = 0;
async function record(): Promise<void> {
  index += 1;
  const { answer, intended, ...judged } = oneCall(index);
  await audit.intent({ ...judged, intended });
  await audit.terminal({ ...judged, intended, answer });
}

const microseconds = await cpuPerTurn(async () => {
  await Promise.all(Array.from({ length: IN_FLIGHT }, record));
}, 200);
process.stdout.write(`${microseconds / IN_FLIGHT}\n`);
await audit.close();
