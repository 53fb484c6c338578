import { setTimeout as sleep } from 'node:timers/promises';

export interface Shutdown {
  /** Tells load balancers and kubelet to send nobody any more. */
  readonly notServing: () => void;
  /** Every door: takes nobody in, and resolves to how many connections it had to cut. */
  readonly drains: readonly ((graceMs: number, hurry: AbortSignal) => Promise<number>)[];
  /** How long calls are still taken, until everyone has heard. */
  readonly lameDuckMs: number;
  readonly drainMs: number;
  /** Aborted where it may no longer take its time. */
  readonly hurry: AbortSignal;
}

/**
 * The orderly end: say so, go on for a moment, take no new calls, let accepted ones end, cut the
 * rest. Resolves to the number of connections that were cut.
 */
export async function shutDown(steps: Shutdown): Promise<number> {
  const { hurry } = steps;
  steps.notServing();
  await sleep(steps.lameDuckMs, undefined, { signal: hurry }).catch(() => {});
  const cut = await Promise.all(steps.drains.map((drain) => drain(steps.drainMs, hurry)));
  return cut.reduce((sum, one) => sum + one, 0);
}
