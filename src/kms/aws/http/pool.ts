import {
  type Connection,
  destroy,
  isUsable,
  type Owner,
  openConnection,
  type Pending,
  send,
  sweep,
} from './connection.ts';
import type { Dial } from './dial.ts';
import { closed, cutShort, tooSlow } from './trouble.ts';

export interface PoolLimits {
  readonly connections: number;
  readonly connectMs: number;
  readonly idleMs: number;
  /** How often to look for requests and connections past their time. */
  readonly sweepMs: number;
}

interface Pool {
  readonly limits: PoolLimits;
  readonly owner: Owner;
  readonly connections: Set<Connection>;
  /** The one that became free last is at the end, and taken first: few are warm, the others end. */
  readonly idle: Connection[];
  /** How many have answered, and are not taken yet. */
  resting: number;
  /** First come, first served. */
  readonly waiting: Waiting[];
  /** How many of those have no connection opened for them. */
  hopeless: number;
  sweeping: NodeJS.Timeout | undefined;
  closed: boolean;
}

/** A request that no connection has taken yet. */
interface Waiting {
  readonly pending: Pending;
  readonly abort: () => void;
  /** The one that is being opened for it; undefined where there are as many as there may be. */
  opening: Connection | undefined;
}

export function createPool(dial: Dial, limits: PoolLimits): Pool {
  const { connectMs, idleMs } = limits;
  const pool: Pool = {
    limits,
    owner: {
      dial,
      connectMs,
      idleMs,
      onReady: (connection) => onReady(pool, connection),
      onAnswered: (connection) => rest(pool, connection),
      onGone: (connection, reason) => onGone(pool, connection, reason),
    },
    connections: new Set(),
    idle: [],
    resting: 0,
    waiting: [],
    hopeless: 0,
    sweeping: undefined,
    closed: false,
  };
  return pool;
}

/** Gives the request to a free connection, or to the first that becomes free. */
export function submit(pool: Pool, pending: Pending, nowMs: number): void {
  const connection = takeIdle(pool, nowMs);
  if (connection !== undefined) send(connection, pending);
  else if (pool.closed) pending.reject(closed());
  else wait(pool, pending);
}

function takeIdle({ idle }: Pool, nowMs: number): Connection | undefined {
  for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
    if (isUsable(last, nowMs)) return last;
    destroy(last, cutShort());
  }
  return undefined;
}

function wait(pool: Pool, pending: Pending): void {
  const waiting: Waiting = {
    pending,
    abort: () => refuse(pool, waiting, pending.signal.reason),
    opening: undefined,
  };
  pending.signal.addEventListener('abort', waiting.abort);
  pool.waiting.push(waiting);
  pool.hopeless += 1;
  // An idle one is ready sooner than one that must be opened.
  if (pool.hopeless > pool.resting) openFor(pool, waiting);
}

/** Rejects what is under way and what comes later. */
export function closePool(pool: Pool): void {
  pool.closed = true;
  for (const waiting of [...pool.waiting]) refuse(pool, waiting, closed());
  for (const connection of pool.connections) destroy(connection, closed());
}

/**
 * Each request that waits has a connection opened for it, as far as they are allowed: one that is
 * about to fail holds up nobody else. Whichever request has left meanwhile, it is opened to the end,
 * or short deadlines would never let one become warm.
 */
function openFor(pool: Pool, waiting: Waiting): void {
  const { connections, limits, owner } = pool;
  if (connections.size >= limits.connections) return;
  waiting.opening = openConnection(owner);
  pool.hopeless -= 1;
  connections.add(waiting.opening);
  pool.sweeping ??= setInterval(sweepAll, limits.sweepMs, pool).unref();
}

/**
 * HTTP/1.1 does not say which request an answer is for: a second one, which nobody asked for, would be
 * taken for that of the next call. So what is there by now is read before there is a next one, which takes
 * a turn of the event loop.
 */
function rest(pool: Pool, connection: Connection): void {
  pool.resting += 1;
  setImmediate(setImmediate, () => {
    pool.resting -= 1;
    if (!connection.gone) onFree(pool, connection);
  });
}

/** First to the request that it was opened for: no other one is being opened for that. */
function onReady(pool: Pool, connection: Connection): void {
  onFree(pool, connection, openedFor(pool, connection));
}

function openedFor({ waiting }: Pool, connection: Connection): Waiting | undefined {
  return waiting.find(({ opening }) => opening === connection);
}

function onFree(pool: Pool, connection: Connection, next = pool.waiting[0]): void {
  if (next === undefined) {
    pool.idle.push(connection);
    return;
  }
  leave(pool, next);
  send(connection, next.pending);
}

function onGone(pool: Pool, connection: Connection, reason: unknown): void {
  const { connections, idle, waiting } = pool;
  connections.delete(connection);
  const at = idle.indexOf(connection);
  if (at >= 0) idle.splice(at, 1);
  const hopeful = openedFor(pool, connection);
  if (hopeful !== undefined) refuse(pool, hopeful, reason);
  const next = waiting.find(({ opening }) => opening === undefined);
  if (next !== undefined) openFor(pool, next);
  if (connections.size > 0) return;
  clearInterval(pool.sweeping);
  pool.sweeping = undefined;
}

function sweepAll(pool: Pool): void {
  const nowMs = performance.now();
  for (const waiting of [...pool.waiting]) {
    if (nowMs >= waiting.pending.endsAt) refuse(pool, waiting, tooSlow());
  }
  for (const connection of pool.connections) sweep(connection, nowMs);
}

function refuse(pool: Pool, waiting: Waiting, reason: unknown): void {
  leave(pool, waiting);
  waiting.pending.reject(reason);
}

function leave(pool: Pool, waiting: Waiting): void {
  pool.waiting.splice(pool.waiting.indexOf(waiting), 1);
  if (waiting.opening === undefined) pool.hopeless -= 1;
  waiting.pending.signal.removeEventListener('abort', waiting.abort);
}
