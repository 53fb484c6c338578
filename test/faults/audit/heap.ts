import { preparedToTell } from '../on-signal.ts';

/** Heap snapshots: their text has every string of the heap. */
export const preparedForSnapshots = () =>
  preparedToTell(
    (file) => `
import { renameSync } from 'node:fs';
import { writeHeapSnapshot } from 'node:v8';
process.on('SIGUSR2', () => renameSync(writeHeapSnapshot('${file}.new'), '${file}'));
`,
  );
