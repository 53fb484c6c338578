import process from 'node:process';
import v8 from 'node:v8';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * MiB of one half of the young generation. Node's own limit of 16 doubles the resident set and saves
 * no time: what a call leaves behind is garbage long before 4 MiB are full.
 */
const HALF_MIB = 4;

/** Keeps the young generation small, for a process that is started with it. */
export const YOUNG_FLAG = `--max-semi-space-size=${HALF_MIB}`;

/**
 * Keeps V8 from collecting the heap because nothing happens, for a process that is started with it. Such a
 * collection drops the shapes of objects that no call holds just then, and all code that was compiled for them:
 * the ten thousand calls after each pause would cost up to twice as much.
 */
export const WARM_FLAG = '--no-memory-reducer';

/**
 * How much the old generation may grow beyond its live part before it is collected: some of each call grows
 * old, and marking live objects costs time. 50 would cost 1 % of a call and save 1 MiB, 70 the other way round 2 MiB
 * for 1 %.
 */
const OLD_GROWTH_PERCENT = 60;

/**
 * Keeps V8 from allocating in the old generation what it has seen survive a young one. It guards itself against a
 * young generation that is too small to judge by, unless that is also the largest allowed. In ours, objects of a call
 * that waits survive and are garbage right after: 9 kB of a call grew old instead of 2, and it cost a fifth more.
 */
const LET_DIE_YOUNG = '--no-allocation-site-pretenuring';

const LOOK_MS = 50;

/**
 * Keeps the heap small while the process runs, by flags that V8 reads at every collection. Flags from the
 * command line or NODE_OPTIONS win.
 */
export function keepHeapSmall(env: Env): void {
  const given = flagsGiven(process.execArgv, env);
  if (!/old-space|heap-growing/.test(given)) {
    v8.setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  }
  if (!/allocation-site-pretenuring/.test(given)) v8.setFlagsFromString(LET_DIE_YOUNG);
  // A sidecar has at most one core: helper threads that share it with the main thread only make it wait.
  if (!/parallel-scavenge/.test(given)) v8.setFlagsFromString('--no-parallel-scavenge');
  if (!sizesYoung(given)) holdYoung();
}

/** All flags that V8 was given at the start. */
export function flagsGiven(execArgv: readonly string[], env: Env): string {
  return [...execArgv, env['NODE_OPTIONS'] ?? ''].join(' ').replaceAll('_', '-');
}

export const sizesYoung = (given: string): boolean => given.includes('semi-space');

/**
 * For a process that did not begin with YOUNG_FLAG, as through a `#!` line or `npx`: the young
 * generation doubles until it is as large as wanted, and may again should V8 have shrunk it. What it
 * has grown to while the program was loaded stays; in a command that never lets the event loop turn
 * it stays as it was at the start.
 */
function holdYoung(): void {
  let factor = setFactor(1);
  setInterval(() => {
    const wanted = youngMiB() < 2 * HALF_MIB ? 2 : 1;
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
