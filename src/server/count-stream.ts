import { status } from '@grpc/grpc-js';
import type { RpcCounters } from './handler-tools.ts';

/** What of a grpc-js stream is looked at. */
interface CountedStream {
  readonly writableEnded: boolean;
  once(event: 'error', listener: (error: { readonly code?: number }) => void): unknown;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** Counts a stream from its start to its end, whichever that is: grpc-js says `cancelled` after all of them. */
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
 * Calls `act` once the caller has sent all that it will. A call that is reset comes to such an end too,
 * and grpc-js says only a turn later that it is `cancelled`, and destroys it.
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
