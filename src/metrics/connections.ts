import { add, cells } from './cells.ts';
import type { Series } from './series.ts';

const FULL = ['too_many_connections'] as const;

/** Why each door turns connections away. */
const REFUSALS = {
  grpc: [...FULL, 'preface_timeout', 'tls_handshake'],
  kms_json: FULL,
  probe: FULL,
  admin: FULL,
} as const;

type Refusals = typeof REFUSALS;
type Door = keyof Refusals;

export interface ConnectionMetrics {
  /** A connection was turned away, or cut: on the gRPC door before it had spoken. */
  connectionRefused<Which extends Door>(door: Which, why: Refusals[Which][number]): void;
}

export function createConnectionMetrics(series: Series): ConnectionMetrics {
  const refused = new Map(
    Object.entries(REFUSALS).map(([door, whys]) => [
      door,
      cells(whys, (why) =>
        series.counter('kms_reencrypt_connections_refused_total', { door, why }),
      ),
    ]),
  );
  return {
    connectionRefused(door, why) {
      const of = refused.get(door);
      if (of) add(of, why);
    },
  };
}
