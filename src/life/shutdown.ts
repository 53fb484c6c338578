import { setTimeout as sleep } from 'node:timers/promises';

export interface Shutdown {
  /** Tells load balancers and the kubelet to send no more calls. */
  readonly notServing: () => void;
  /** One per door: it accepts nobody any more, and resolves to how many connections it had to cut. */
  readonly drains: readonly ((graceMs: number, hurry: AbortSignal) => Promise<number>)[];
  /** How long calls are still accepted, until everyone has heard. */
  readonly lameDuckMs: number;
  readonly drainMs: number;
  /** Aborted when the shutdown must hurry. */
  readonly hurry: AbortSignal;
}

/**
 * The orderly end: announce it, serve for a moment more, take no new calls, let accepted ones end, cut the
 * rest. Resolves to the number of connections that were cut.
 */
export async function shutDown(steps: Shutdown): Promise<number> {
  const { hurry } = steps;
  steps.notServing();
  await sleep(steps.lameDuckMs, undefined, { signal: hurry }).catch(() => {});
  const cut = await Promise.all(steps.drains.map((drain) => drain(steps.drainMs, hurry)));
  return cut.reduce((sum, one) => sum + one, 0);
}
