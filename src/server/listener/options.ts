import type { ServerOptions } from '@grpc/grpc-js';

/** The limits of one front door. */
export interface ListenerLimits {
  readonly maxConnections: number;
  /** From the connection (or the end of the handshake) to the client's preface and settings. */
  readonly prefaceTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** How long a connection may last in all, with its last calls. */
  readonly longestMs: number;
}

/** Why a connection was turned away or cut. */
type ConnectionRefusal = 'too_many_connections' | 'preface_timeout' | 'tls_handshake';

/** `fault` says in words what was wrong with the peer, if that is known. */
export type OnRefused = (why: ConnectionRefusal, fault?: string) => void;

/** The sizes and times of HTTP/2 connections. */
export interface WireLimits {
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly maxIdleMs: number;
  readonly maxAgeMs: number;
  /** Whether channelz keeps track of connections and calls, which costs every call something. */
  readonly channelz: boolean;
}

/** Options of the one grpc-js server. Its own defaults keep dead connections for ever. */
export function serverOptions(limits: WireLimits): ServerOptions {
  return {
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': limits.maxIdleMs,
    'grpc.max_connection_age_ms': limits.maxAgeMs,
    'grpc-node.max_session_memory': 10,
    'grpc.enable_channelz': limits.channelz ? 1 : 0,
  };
}
