import { join } from 'node:path';
import { createAudit } from '../../src/audit/create-audit.ts';
import { keepHeapSmall } from '../../src/life/heap.ts';
import { BASICS } from '../../test/audit/basics.ts';
import { oneCall } from './one-call.ts';
import { cpuPerTurn } from './turns.ts';

/**
 * CPU that both durable entries add to a call, 32 in flight, the log's thread included: a turn with
 * them, minus a turn that only makes the calls. node audit.ts FOLDER
 */
const IN_FLIGHT = 32;
const [folder = ''] = process.argv.slice(2);
// As `serve` does.
keepHeapSmall(process.env);
const audit = await createAudit({
  ...BASICS,
  file: join(folder, 'audit-part', 'audit.jsonl'),
});

let index = 0;
function make() {
  index += 1;
  return oneCall(index);
}
async function record(): Promise<void> {
  const { answer, intended, ...judged } = make();
  await audit.intent({ ...judged, intended });
  await audit.terminal({ ...judged, intended, answer });
}

const turnOf = (act: () => Promise<unknown>) => async () => {
  await Promise.all(Array.from({ length: IN_FLIGHT }, act));
};
const microseconds =
  (await cpuPerTurn(turnOf(record), 200)) -
  (await cpuPerTurn(
    turnOf(async () => make()),
    200,
  ));
process.stdout.write(`${microseconds / IN_FLIGHT}\n`);
await audit.close();
