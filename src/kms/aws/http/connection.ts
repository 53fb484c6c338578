import type { Socket } from 'node:net';
import {
  type AnswerReader,
  createAnswerReader,
  endAnswer,
  type HttpAnswer,
  readAnswer,
} from './answer-reader.ts';
import type { Dial } from './dial.ts';
import { cutShort, malformed, tooSlow, unconnected, unreachable } from './trouble.ts';

/** A request on its way. */
export interface Pending {
  /** The whole of it: head and body. */
  readonly text: string;
  readonly signal: AbortSignal;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (reason: unknown) => void;
  /** On the clock of `performance.now`. */
  readonly endsAt: number;
}

/** One connection, which carries one request at a time. */
export interface Connection {
  readonly socket: Socket;
  readonly owner: Owner;
  readonly reader: AnswerReader;
  /** Heard while there is a request whose signal may tell. */
  readonly abort: () => void;
  pending: Pending | undefined;
  /** On the clock of `performance.now`. */
  idleUntil: number;
  gone: boolean;
}

export interface Owner {
  readonly dial: Dial;
  readonly connectMs: number;
  readonly idleMs: number;
  /** It is open, and can take its first request. */
  readonly onReady: (connection: Connection) => void;
  /** An answer is whole, and it could take the next request. */
  readonly onAnswered: (connection: Connection) => void;
  /** Told once, with what was the matter. */
  readonly onGone: (connection: Connection, reason: unknown) => void;
}

/** Most answers of KMS are read at once; a larger one takes several reads. */
const READ_BYTES = 4096;

export function openConnection(owner: Owner): Connection {
  const onRead = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(length: number) {
      hear(connection, onRead.buffer.subarray(0, length));
      return true;
    },
  };
  const socket = owner.dial(onRead, () => {
    clearTimeout(connecting);
    free(connection, owner.idleMs, owner.onReady);
  });
  const connecting = setTimeout(() => destroy(connection, unconnected()), owner.connectMs);
  const connection: Connection = {
    socket,
    owner,
    reader: createAnswerReader(),
    abort: () => destroy(connection, connection.pending?.signal.reason),
    pending: undefined,
    idleUntil: Number.POSITIVE_INFINITY,
    gone: false,
  };
  socket.on('error', (error) => destroy(connection, unreachable(error)));
  socket.on('end', () => {
    const answer = endAnswer(connection.reader);
    if (answer === undefined) destroy(connection, cutShort());
    else settle(connection, answer);
  });
  socket.on('close', () => {
    clearTimeout(connecting);
    destroy(connection, cutShort());
  });
  return connection;
}

/** Only to a connection that is free. The request is settled, whatever happens. */
export function send(connection: Connection, pending: Pending): void {
  connection.pending = pending;
  pending.signal.addEventListener('abort', connection.abort);
  connection.socket.write(pending.text);
}

/** False where the other side may have closed it meanwhile: no request is to be lost on that. */
export function isUsable({ socket, idleUntil }: Connection, nowMs: number): boolean {
  return nowMs < idleUntil && socket.writable;
}

/** Gives up a request that has had its time, and a connection that has been idle for its own. */
export function sweep(connection: Connection, nowMs: number): void {
  const { pending, idleUntil } = connection;
  if (nowMs >= (pending?.endsAt ?? idleUntil)) destroy(connection, tooSlow());
}

/** Rejects the request that is on it with the reason. */
export function destroy(connection: Connection, reason: unknown): void {
  if (connection.gone) return;
  connection.gone = true;
  connection.socket.destroy();
  take(connection)?.reject(reason);
  connection.owner.onGone(connection, reason);
}

/**
 * Whatever comes that is not the one answer that is waited for ends the connection, so that no call
 * can ever get the answer of another.
 */
function hear(connection: Connection, bytes: Buffer): void {
  let answer: HttpAnswer | undefined;
  try {
    if (connection.pending === undefined) throw malformed('what nobody asked for');
    answer = readAnswer(connection.reader, bytes);
  } catch (fault) {
    destroy(connection, fault);
  }
  if (answer !== undefined) settle(connection, answer);
}

function settle(connection: Connection, answer: HttpAnswer): void {
  const { owner, socket } = connection;
  take(connection)?.resolve(answer);
  const idleMs = Math.min(answer.idleMs, owner.idleMs);
  // What is not even written when it is answered will be read by a server that has moved on.
  if (idleMs > 0 && socket.writableLength === 0) free(connection, idleMs, owner.onAnswered);
  else destroy(connection, cutShort());
}

function free(connection: Connection, idleMs: number, tell: Owner['onReady']): void {
  connection.idleUntil = performance.now() + idleMs;
  tell(connection);
}

function take(connection: Connection): Pending | undefined {
  const { pending, abort } = connection;
  connection.pending = undefined;
  pending?.signal.removeEventListener('abort', abort);
  return pending;
}
