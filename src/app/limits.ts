import type { Config } from '../config/schema.ts';
import type { AdmitLimits } from '../limits/admit.ts';
import type { BucketLimits } from '../limits/token-bucket.ts';
import type { ListenerLimits, WireLimits } from '../server/listener/options.ts';

type Bucket = Config['limits']['all'];

export function admitLimits({ per_principal: own, ...limits }: Config['limits']): AdmitLimits {
  return {
    maxInFlight: limits.max_in_flight,
    maxQueue: limits.max_queue,
    maxWaitMs: limits.max_wait_ms,
    all: bucket(limits.all),
    perPrincipal: { ...bucket(own), maxInFlight: own.max_in_flight },
  };
}

/** grpc-js ends a connection when it is up to a tenth older than it is told, so that not all end at once. */
const OLDEST = 1.1;

export function listenerLimits({ connections }: Config['grpc']): ListenerLimits {
  return {
    maxConnections: connections.max,
    prefaceTimeoutMs: connections.preface_timeout_ms,
    handshakeTimeoutMs: connections.handshake_timeout_ms,
    longestMs: OLDEST * connections.max_age_ms + connections.max_age_grace_ms,
  };
}

export function wireLimits(grpc: Config['grpc']): WireLimits {
  const { connections, max_message_bytes } = grpc;
  return {
    maxMessageBytes: max_message_bytes,
    maxConcurrentStreams: connections.max_concurrent_streams,
    keepaliveTimeMs: connections.keepalive_ms,
    keepaliveTimeoutMs: connections.keepalive_timeout_ms,
    maxIdleMs: connections.max_idle_ms,
    maxAgeMs: connections.max_age_ms,
    channelz: grpc.channelz_listen !== undefined,
  };
}

/**
 * Each connection's share of open calls: what an honest one sends at once after it had to wait for us,
 * which at 50 calls a second is a wait of a third of a second.
 */
const STREAMS_OF_EACH = 16;

/** All calls in flight or queued, as many again on their way in or out, and a share for each connection. */
export function mostStreams({ grpc, limits }: Pick<Config, 'grpc' | 'limits'>): number {
  return 2 * (limits.max_in_flight + limits.max_queue) + STREAMS_OF_EACH * grpc.connections.max;
}

/** A good number of items to share one sync of the audit log. */
const ITEMS_AT_ONCE = 32;

/** Items of one batch or stream under way at once: no more than the limits admit. */
export function itemsAtOnce({ per_principal: own, max_in_flight: all }: Config['limits']): number {
  return Math.min(ITEMS_AT_ONCE, own.max_in_flight, all);
}

export function bucket({ per_second: perSecond, burst }: Bucket): BucketLimits {
  return { perSecond, burst };
}
