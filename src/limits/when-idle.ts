import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission } from './admit.ts';

const LOOK_MS = 5;

/** Resolves once no call has a place or waits for one, or else after `atMostMs`. */
export async function whenIdle(
  admission: Pick<Admission, 'inFlight' | 'waiting'>,
  atMostMs: number,
): Promise<void> {
  const until = performance.now() + atMostMs;
  while (admission.inFlight + admission.waiting > 0 && performance.now() < until) {
    await sleep(LOOK_MS);
  }
}
