import { preparedToTell } from '../on-signal.ts';

/** Bytes that the main thread holds in its heap and outside, once all garbage is collected. */
export const preparedForCounting = () => preparedToTell(moduleFor);

/** It collects several times: what finalizers release is garbage only after the next turn. */
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
