import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createAudit } from '../../../src/audit/create-audit.ts';
import type { Refusal } from '../../../src/errors.ts';
import { BASICS } from '../../audit/basics.ts';
import { answered, intended } from '../../audit/samples.ts';
import { watchLoop } from './loop.ts';

/**
 * A process that only records calls, to be killed, starved and lied to. It prints to standard output,
 * one line each: `ready <ms>`, `i|t|f <call> [cause]` for an intent or terminal that
 * was acknowledged or failed, `late <ms>` and `held <ms>` for the event loop's
 * largest delay (see loop.ts), `dns <ms>`, `end`.
 */
interface Plan {
  readonly file: string;
  readonly firstCall: number;
  readonly inFlight: number;
  /** 0 means until SIGTERM. */
  readonly ms: number;
  /** Pause between a worker's calls, in milliseconds. */
  readonly pauseMs: number;
  /** Prints everything at the end: a slow reader of the pipe would hold up the loop. */
  readonly quiet: boolean;
  readonly options: object;
}

const plan: Plan = JSON.parse(process.argv[2] ?? '');
const kept: string[] = [];
const say = (...words: readonly (string | number)[]) => {
  const line = `${words.join(' ')}\n`;
  if (plan.quiet) kept.push(line);
  else process.stdout.write(line);
};
const terminated = once(process, 'SIGTERM');
const started = performance.now();
const audit = await createAudit({
  ...BASICS,
  file: plan.file,
  origin: 'test.example/faults',
  warn: (message) => process.stderr.write(`${message}\n`),
  onFailure: (code) => say('suspended', code),
  ...plan.options,
});
process.on('SIGHUP', () => audit.reopen());
say('ready', Math.round(performance.now() - started));

// The first look-up creates the pool's threads; what is measured is the DNS of a stuck process.
await lookup('localhost');
const delay = watchLoop();
let call = plan.firstCall;
let stopped = false;
const workers = Array.from({ length: plan.inFlight }, work);
const resolving = setTimeout(plan.ms / 2).then(async () => {
  const asked = performance.now();
  await lookup('localhost');
  say('dns', Math.round(performance.now() - asked));
});
await (plan.ms > 0 ? setTimeout(plan.ms) : terminated);
stopped = true;
await Promise.all([...workers, resolving]);
const { late, held } = delay();
say('late', late);
say('held', held);
// Recovery from a fault near the end takes longer.
for (let waited = 0; audit.status().state !== 'ok' && waited < 5_000; waited += 50) {
  await setTimeout(50);
}
say('state', audit.status().state);
await audit.close();
say('end');
process.stdout.write(kept.join(''));

async function work(): Promise<void> {
  while (!stopped) {
    const number = call;
    call += 1;
    await one(number);
    if (plan.pauseMs > 0) await setTimeout(plan.pauseMs);
  }
}

/** One call, as the pipeline records it. */
async function one(number: number): Promise<void> {
  try {
    await audit.intent(intended(number));
    say('i', number);
    await audit.terminal(answered(number));
    say('t', number);
  } catch (thrown) {
    say('f', number, String((thrown as Refusal).cause));
    await audit.terminal(intended(number), thrown as Refusal).catch(() => undefined);
    await setTimeout(5);
  }
}
