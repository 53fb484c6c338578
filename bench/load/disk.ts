import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What the disk itself takes of an entry: 2 kB behind the end of a file, and an fdatasync. Prints p50
 * and p99 in microseconds. node disk.ts FILE RATE SECONDS
 */
const [file = '', rate = '500', seconds = '1'] = process.argv.slice(2);
const entry = Buffer.alloc(2048, 'x');
const took: number[] = [];
const descriptor = openSync(file, 'a');
const count = Number(rate) * Number(seconds);
const began = performance.now();
for (let index = 0; index < count; index += 1) {
  const wait = began + (index / Number(rate)) * 1000 - performance.now();
  if (wait > 0) await sleep(wait);
  const from = performance.now();
  writeSync(descriptor, entry);
  fdatasyncSync(descriptor);
  took.push((performance.now() - from) * 1000);
}
closeSync(descriptor);
rmSync(file);
took.sort((a, b) => a - b);
const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
process.stdout.write(`${JSON.stringify({ p50_us: at(0.5), p99_us: at(0.99) })}\n`);
