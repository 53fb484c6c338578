import process from 'node:process';
import v8 from 'node:v8';

/**
 * MiB of the young generation, both halves. Node's own limit of 64 doubles the resident set and
 * saves no time: what a call leaves behind is garbage long before 4 MiB are full.
 */
const YOUNG_MIB = 8;

/**
 * How much the old generation may grow past what lives in it before it is collected: some of each
 * call grows old, and marking what lives costs time. 50 would save 5 MiB, 100 take 7 more.
 */
const OLD_GROWTH_PERCENT = 75;

const LOOK_MS = 50;

/**
 * Keeps the heap small while the process runs. V8 reads the sizes of its spaces at start alone, from
 * flags that a `#!` line or `npx` cannot give; these it reads at every collection. The young
 * generation doubles until it is as large as wanted, and may again should V8 have shrunk it; in a
 * command that never lets the event loop turn it stays as it was at the start. Sizes that are given
 * to V8 on the command line or in NODE_OPTIONS win: then nothing is set here.
 */
export function keepHeapSmall(env: Readonly<Record<string, string | undefined>>): void {
  const given = [...process.execArgv, env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/semi-space|old-space|heap-growing/.test(given.replaceAll('_', '-'))) return;
  v8.setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  // A sidecar has a core or less: helpers that share it with the thread they help only make it wait.
  v8.setFlagsFromString('--no-parallel-scavenge');
  let factor = setFactor(1);
  setInterval(() => {
    const wanted = youngMiB() < YOUNG_MIB ? 2 : 1;
    if (wanted !== factor) factor = setFactor(wanted);
  }, LOOK_MS).unref();
}

function setFactor(factor: 1 | 2): 1 | 2 {
  v8.setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  return factor;
}

function youngMiB(): number {
  const young = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return (young?.space_size ?? 0) / 2 ** 20;
}
