import type { IncomingMessage } from 'node:http';
import { createTurns } from '../turns.ts';
import { JsonFault } from './fault.ts';

const MOST_BYTES = 256 * 1024;

/** Bytes that all bodies which are incomplete, or wait for their turn, may hold together. */
const HELD_BYTES = 32 * 1024 * 1024;

/** JSON that means to be costly takes 10 ms for them. */
const BYTES_OF_A_TURN = 16 * 1024;

/** Even a piece of one byte takes hundreds in memory; honest bodies come in a few of 64 KiB. */
const MOST_PIECES = 1024;

interface Half {
  readonly message: IncomingMessage;
  bytes: number;
}

/**
 * Reads the bodies of one listener's requests, bounded individually and in total: when they hold
 * too much, the largest is cut off, which is never an honest one.
 */
export function createBodies(
  heldBytes = HELD_BYTES,
): (message: IncomingMessage) => Promise<Buffer> {
  const turn = createTurns({ bytes: BYTES_OF_A_TURN });
  const halves = new Set<Half>();
  let held = 0;

  return async (message) => {
    const half: Half = { message, bytes: 0 };
    try {
      const body = await collect(message, (bytes) => hold(half, bytes));
      hold(half, body.length - half.bytes);
      await turn(body.length);
      if (message.socket.destroyed) throw new JsonFault('RequestTimeoutException');
      return body;
    } catch (thrown) {
      // The caller has gone and cannot read this; but it keeps the log from reporting a failure of ours.
      throw thrown instanceof JsonFault ? thrown : new JsonFault('RequestTimeoutException');
    } finally {
      letGo(half);
    }
  };

  function hold(half: Half, bytes: number): void {
    halves.add(half);
    half.bytes += bytes;
    held += bytes;
    if (held <= heldBytes) return;
    let largest = half;
    for (const other of halves) if (other.bytes > largest.bytes) largest = other;
    letGo(largest);
    largest.message.socket.destroy();
  }

  function letGo(half: Half): void {
    if (halves.delete(half)) held -= half.bytes;
  }
}

/** `onHalf` gets the length of each piece except the last. */
async function collect(message: IncomingMessage, onHalf: (bytes: number) => void): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > MOST_BYTES) throw tooLarge();
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of message) {
    size += piece.length;
    if (size > MOST_BYTES || pieces.push(piece) > MOST_PIECES) throw tooLarge();
    if (!message.complete) onHalf(piece.length);
  }
  return Buffer.concat(pieces, size);
}

function tooLarge(): JsonFault {
  const message = `The request is larger than ${MOST_BYTES} bytes.`;
  return new JsonFault('RequestEntityTooLargeException', message, 413);
}
