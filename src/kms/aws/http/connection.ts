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
  /** Listens to the signal of the request, while there is one. */
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
  /** Called once, with the reason. */
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

/** False if the server may have closed it meanwhile: a request sent on it would be lost. */
export function isUsable({ socket, idleUntil }: Connection, nowMs: number): boolean {
  return nowMs < idleUntil && socket.writable;
}

/** Gives up a request past its deadline, and a connection that was idle for too long. */
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
 * Any bytes other than the one expected answer end the connection, so that no call can ever get the
 * answer of another.
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
  // Answered before the request was fully written: the server would read the rest as the next request.
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
