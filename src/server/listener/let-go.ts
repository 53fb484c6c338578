import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Stream } from 'node:http2';

/**
 * Parts streams that have ended from their calls. Node keeps a session's streams in a Map, and V8
 * chains the tables that a Map has outgrown: once one of them is old, the streams in all that follow
 * wait for a full collection, and hold all that listens to them until then.
 */
export function letEndedCallsGo(): { close(): void } {
  const created = (message: unknown): void => {
    const { stream } = message as { readonly stream: ServerHttp2Stream };
    stream.once('close', letGo);
  };
  subscribe('http2.server.stream.created', created);
  return { close: () => void unsubscribe('http2.server.stream.created', created) };
}

/** Whoever else waits for `close` is still told: an event's listeners are copied before it is told. */
function letGo(this: ServerHttp2Stream): void {
  this.removeAllListeners();
  // An error that nobody listens for would end the process.
  this.on('error', ignore);
}

function ignore(): void {}
