import type { Series } from './series.ts';

const REFUSALS = ['too_many_connections', 'preface_timeout', 'tls_handshake'] as const;

export interface ConnectionMetrics {
  /** A gRPC connection was turned away, or cut before it had spoken. */
  connectionRefused(why: (typeof REFUSALS)[number]): void;
}

export function createConnectionMetrics(series: Series): ConnectionMetrics {
  const count = (why: string) => series.counter('kms_reencrypt_connections_refused_total', { why });
  const cells = new Map(REFUSALS.map((why) => [why, count(why)]));
  return {
    connectionRefused(why) {
      const cell = cells.get(why);
      if (cell) cell.value += 1;
    },
  };
}
