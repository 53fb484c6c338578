import { lookup } from 'node:dns/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createAudit } from '../../../src/audit/create-audit.ts';
import type { Refusal } from '../../../src/errors.ts';
import { answered, intended } from '../../audit/samples.ts';

/**
 * A process that does nothing but record calls, to be killed, starved and lied to. It says on
 * standard output, a line each: `ready <ms>`, `i|t|f <call> [cause]` for an intent or terminal that
 * was acknowledged or failed, `slow <ms>` for the event loop's delay (99th percentile), `dns <ms>`, `end`.
 */
interface Plan {
  readonly file: string;
  readonly firstCall: number;
  readonly inFlight: number;
  /** 0: until killed. */
  readonly ms: number;
  /** Pause between a worker's calls, in milliseconds. */
  readonly pauseMs: number;
  readonly options: object;
}

const plan: Plan = JSON.parse(process.argv[2] ?? '');
const say = (...words: readonly (string | number)[]) =>
  process.stdout.write(`${words.join(' ')}\n`);
const started = performance.now();
const audit = await createAudit({
  file: plan.file,
  durability: 'fsync',
  backend: 'embedded',
  version: '0.1.0',
  origin: 'test.example/faults',
  now: Date.now,
  warn: (message) => process.stderr.write(`${message}\n`),
  onFailure: (code) => say('suspended', code),
  ...plan.options,
});
process.on('SIGHUP', () => audit.reopen());
say('ready', Math.round(performance.now() - started));

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let call = plan.firstCall;
let stopped = false;
const workers = Array.from({ length: plan.inFlight }, work);
if (plan.ms > 0) {
  const resolving = setTimeout(plan.ms / 2).then(async () => {
    const asked = performance.now();
    await lookup('localhost');
    say('dns', Math.round(performance.now() - asked));
  });
  await setTimeout(plan.ms);
  stopped = true;
  await Promise.all([...workers, resolving]);
  say('slow', Math.round(delay.percentile(99) / 1e6));
  say('state', audit.status().state);
  await audit.close();
  say('end');
}

async function work(): Promise<void> {
  while (!stopped) {
    const number = call;
    call += 1;
    await one(number);
    if (plan.pauseMs > 0) await setTimeout(plan.pauseMs);
  }
}

/** As the pipeline does it. */
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
