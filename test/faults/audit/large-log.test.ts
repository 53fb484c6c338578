import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createFolder } from '../../audit/world.ts';
import { slowness } from '../slowness.ts';
import { reportTrials, trials } from '../trials.ts';
import { writeLargeLog } from './large-log.ts';
import { AHEAD, startWriter } from './process.ts';

const run = promisify(execFile);
/** Reports at exit what the process has used. */
const METER = `data:text/javascript,process.on("exit",()=>process.stderr.write(JSON.stringify(process.resourceUsage())))`;

test('a log of 1 GiB is verified at 100 MB/s or more, in 100 MiB or less', async () => {
  await using folder = createFolder();
  const bytes = await writeLargeLog(folder, trials(1 << 30));
  // Users install compiled code, but here Node's own TypeScript compiler would count as ours: this run
  // fills its cache first.
  await run(process.execPath, ['src/main.ts', 'audit', '--help']);
  const command = ['--import', METER, 'src/main.ts', 'audit', 'verify', folder.path, '--json'];
  const slow = slowness();
  const from = performance.now();
  const { stdout, stderr } = await run(process.execPath, command);
  const seconds = (performance.now() - from) / 1_000;
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(stderr);
  const [{ state, size, signed }] = JSON.parse(stdout).logs;
  // A crowded machine adds to the wall time of a process, but not to its CPU time.
  const speed = bytes / (userCPUTime + systemCPUTime);
  reportTrials({
    ...{ fault: 'audit verify of a large log', trials: 1, injections: size, bytes },
    ...{ mb_per_cpu_second: Math.round(speed), mb_per_second: Math.round(bytes / 1e6 / seconds) },
    ...{ resident_mib: maxRSS >> 10 },
  });
  expect({ state, signed }).toEqual({ state: 'intact', signed: size });
  expect(speed * slow).toBeGreaterThanOrEqual(100);
  expect(maxRSS >> 10).toBeLessThanOrEqual(100);
});

test('F1: a start on a nearly full live segment takes at most 1 s', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const bytes = await writeLargeLog(folder, trials(60 << 20));
  const writer = startWriter({ file, firstCall: 1e9, ms: 100, under: AHEAD });
  await writer.ended();
  const start = Number(writer.said.get('ready'));
  reportTrials({
    ...{ fault: 'audit start behind a full segment', trials: 1, injections: bytes },
    start_ms: start,
  });
  expect(start).toBeLessThanOrEqual(1_000);
});
