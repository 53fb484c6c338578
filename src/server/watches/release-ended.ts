import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { watchStreams } from './watch-streams.ts';

/**
 * Removes all listeners of a stream that has ended, so that it keeps nothing of its call. Node keeps a
 * session's streams in a Map, and V8 links each table that a Map has outgrown to the next: once one is in
 * the old generation, the streams of all later ones stay until a full collection.
 */
export function releaseEnded(): { close(): void } {
  return watchStreams({ created: ({ stream }) => void stream.on('close', release) });
}

/** The other listeners of this `close` are still called: Node copies the list before it calls the first. */
function release(this: ServerHttp2Stream): void {
  // These first: otherwise they would be called for each listener that is removed.
  this.removeAllListeners('removeListener');
  // Not the stream's own method, which would make it check a tick later whether it is still read.
  removeAllListeners.call(this);
  // An error that nobody listens for would end the process.
  this.on('error', ignore);
}

const { removeAllListeners } = EventEmitter.prototype;

function ignore(): void {}
