import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { YOUNG_FLAG } from '../../src/life/heap.ts';

const HEAP = new URL('../../src/life/heap.ts', import.meta.url).href;

const KEEPING = 'from here on';

/** Makes objects that live for a while, with pauses as a server has them, and prints the most MiB that it had. */
const SCRIPT = `
import v8 from 'node:v8';
import { setTimeout as sleep } from 'node:timers/promises';
const { keepHeapSmall } = await import('${HEAP}');
if (process.argv[1] === 'keep') keepHeapSmall(process.env);
console.log('${KEEPING}');
const kept = [];
let most = 0;
for (let turn = 0; turn < Number(process.argv[2]); turn += 1) {
  kept.push(Array.from({ length: 15_000 }, (_, index) => ({ index, text: 'x' + index })));
  if (kept.length > 15) kept.shift();
  await sleep(5);
  const young = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  most = Math.max(most, young.space_size);
}
console.log(most / 2 ** 20);
`;

type Keep = 'keep' | 'leave';

const youngMiB = (keep: Keep, flags: readonly string[] = []): number =>
  Number(run(keep, flags, 30).trim().split('\n').at(-1));

function run(keep: Keep, flags: readonly string[], turns: number): string {
  const args = [...flags, '--input-type=module', '-e', SCRIPT, keep, String(turns)];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

it('the young generation stays small, where Node by default lets it grow', () => {
  expect(youngMiB('leave')).toBeGreaterThan(16);
  const kept = youngMiB('keep');
  expect(kept).toBeLessThanOrEqual(16);
  expect(kept).toBeGreaterThanOrEqual(2);
});

it('sizes given to V8 are left alone', () => {
  expect(youngMiB('keep', ['--max-semi-space-size=16'])).toBeGreaterThan(16);
});

const TRACE = '--trace-pretenuring-statistics';
/** V8 needs most of them to make up its mind. */
const TURNS = 90;

it('objects are never allocated old, where V8 would take to it in so small a young generation', async () => {
  const kept = run('keep', [YOUNG_FLAG, TRACE], TURNS);
  expect(kept.slice(kept.indexOf(KEEPING))).not.toContain('=> tenure');
  // On a busy machine it does not come to that in every run.
  const left = () => run('keep', [YOUNG_FLAG, TRACE, '--allocation-site-pretenuring'], TURNS);
  await expect.poll(left, { timeout: 15_000 }).toContain('=> tenure');
});
