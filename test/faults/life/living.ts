import { preparedToTell } from '../on-signal.ts';

/** Bytes in the heap of the main thread and what it holds outside of it, once all garbage is collected. */
export const preparedForCounting = () => preparedToTell(moduleFor);

/** It collects more than once: what finalizers let go of is garbage only after the next turn. */
const moduleFor = (file: string) => `
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');
process.on('SIGUSR2', async () => {
  for (let round = 0; round < 4; round += 1) {
    await sleep(50);
    gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync('${file}.new', String(heapUsed + external));
  renameSync('${file}.new', '${file}');
});
`;
