import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { createTally, ticks } from './tally.ts';

/** The disk's own time for an entry: 2 kB appended, and an fdatasync. node disk.ts FILE RATE SECONDS */
const [file = '', rate = '', seconds = ''] = process.argv.slice(2);
const entry = Buffer.alloc(2048, 'x');
const descriptor = openSync(file, 'a');
const tally = createTally();
for await (const _ of ticks(Number(rate), Number(seconds))) {
  await tally.time(async () => {
    writeSync(descriptor, entry);
    fdatasyncSync(descriptor);
  }, performance.now());
}
closeSync(descriptor);
rmSync(file);
process.stdout.write(`${JSON.stringify(tally.report())}\n`);
