import { status } from '@grpc/grpc-js';
import type { RpcCounters } from './handler-tools.ts';

/** The part of a grpc-js stream that is used here. */
interface CountedStream {
  readonly writableEnded: boolean;
  once(event: 'error', listener: (error: { readonly code?: number }) => void): unknown;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** Counts a stream from start to end, however it ends: grpc-js emits `cancelled` after every one. */
export function countStream(call: CountedStream, counters: RpcCounters): void {
  const began = performance.now();
  let code: number = status.OK;
  counters.started();
  call.once('error', (error) => {
    code = error.code ?? status.UNKNOWN;
  });
  call.once('cancelled', () => {
    const ended = call.writableEnded ? code : status.CANCELLED;
    counters.handled(ended, (performance.now() - began) / 1000);
  });
}

/**
 * Calls `act` once the caller has sent everything. A reset call emits `end` too, and only a turn of the
 * event loop later does grpc-js emit `cancelled` and destroy it.
 */
export function onceAllCame(
  call: { readonly destroyed: boolean; once(event: 'end', listener: () => void): unknown },
  act: () => void,
): void {
  call.once('end', () =>
    setImmediate(() => {
      if (!call.destroyed) act();
    }),
  );
}
