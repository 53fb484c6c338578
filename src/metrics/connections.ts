import { add, cells } from './cells.ts';
import type { Series } from './series.ts';

const REFUSALS = ['too_many_connections', 'preface_timeout', 'tls_handshake'] as const;

export interface ConnectionMetrics {
  /** A gRPC connection was turned away, or cut before it had spoken. */
  connectionRefused(why: (typeof REFUSALS)[number]): void;
}

export function createConnectionMetrics(series: Series): ConnectionMetrics {
  const refused = cells(REFUSALS, (why) =>
    series.counter('kms_reencrypt_connections_refused_total', { why }),
  );
  return { connectionRefused: (why) => add(refused, why) };
}
