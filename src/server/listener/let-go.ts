import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';

/**
 * Parts streams that have ended from their calls. Node keeps a session's streams in a Map, and V8
 * chains the tables that a Map has outgrown: once one of them is old, the streams in all that follow
 * wait for a full collection, and hold all that listens to them until then.
 */
export function letEndedCallsGo(): { close(): void } {
  const created = (message: unknown): void => {
    const { stream } = message as { readonly stream: ServerHttp2Stream };
    stream.on('close', letGo);
  };
  subscribe('http2.server.stream.created', created);
  return { close: () => void unsubscribe('http2.server.stream.created', created) };
}

/** Whoever else waits for `close` is still told: an event's listeners are copied before it is told. */
function letGo(this: ServerHttp2Stream): void {
  // First the one that would be told of every other.
  this.removeAllListeners('removeListener');
  // A stream's own would look, a tick later, whether it may be read again.
  removeAllListeners.call(this);
  // An error that nobody listens for would end the process.
  this.on('error', ignore);
}

const { removeAllListeners } = EventEmitter.prototype;

function ignore(): void {}
