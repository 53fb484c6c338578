import { onTestFinished } from 'vitest';
import type { BundleOptions } from '../../src/policy/loading/open-loader.ts';
import {
  createDecisionPoint,
  type DecisionPoint,
  type DecisionPointOptions,
} from '../../src/policy/point.ts';
import { EXAMPLE } from './values.ts';

export interface PointChanges extends Partial<Omit<DecisionPointOptions, 'bundle'>> {
  readonly bundle?: Partial<Omit<BundleOptions, 'service'>> & {
    readonly service?: Partial<BundleOptions['service']>;
  };
}

/** A decision point of the example policy with the configuration's defaults, but for `changes`. */
export function openPoint({ bundle = {}, ...changes }: PointChanges = {}): Promise<DecisionPoint> {
  return createDecisionPoint({
    source: EXAMPLE,
    limits: { timeoutMs: 50, memoryBytes: 1 << 24 },
    enforce: true,
    now: Date.now,
    onReload: () => undefined,
    onShadow: () => undefined,
    onShadowDropped: () => undefined,
    ...changes,
    bundle: {
      maxBytes: 1 << 24,
      maxStalenessMs: 86_400_000,
      ...bundle,
      service: {
        minDelayMs: 60_000,
        maxDelayMs: 120_000,
        longPollingTimeoutSeconds: 0,
        ...bundle.service,
      },
    },
  });
}

/** The same, for as long as the test that calls this. */
export async function openHere(changes: PointChanges = {}): Promise<DecisionPoint> {
  const point = await openPoint(changes);
  onTestFinished(() => point.close());
  return point;
}
