import { messageOf } from '../../thrown.ts';
import type { Disk } from '../log/disk.ts';
import { createFollower, type FollowedLine, type Follower } from '../verify/follow.ts';
import { createCursor } from './cursor.ts';

export type Delivered = Pick<FollowedLine, 'bytes' | 'labels'>;

/** Somewhere that entries go besides the log's own file. */
export interface Sink {
  readonly name: string;
  /** Bytes of lines that one `send` takes at most. */
  readonly batchBytes: number;
  /** Takes whole lines, in order; if it rejects, it gets the same lines again. */
  send(lines: readonly Delivered[]): Promise<void>;
}

export interface DeliverOptions {
  readonly disk: Disk;
  /** The log. It is also the sink's spool: what is not delivered waits there. */
  readonly file: string;
  readonly sink: Sink;
  /** Where delivery starts when it never ran: the seq of the first entry to send. */
  readonly from: number;
  /** Seq after the last entry that the log is known to have: nothing after that can have been sent. */
  readonly written: number;
  /** How many entries a sink may lag behind; older ones are given up and counted. */
  readonly maxBehind: number;
  readonly onDelivered: (seq: number) => void;
  readonly onDropped: (count: number) => void;
  readonly onError: (message: string) => void;
  readonly wait: (ms: number) => Promise<void>;
}

export interface Delivery {
  /** Entries before `seq` are durable and may be sent. */
  advance(seq: number): void;
  /** Sends what is left, once, and stops. */
  close(): Promise<void>;
}

const RETRY_MS = { first: 250, last: 30_000 };

/** Follows the log and feeds a sink from it, in order, at least once, across restarts. */
export function createDelivery(options: DeliverOptions): Delivery {
  const { disk, file, sink, from } = options;
  const cursor = createCursor(disk, `${file}.${sink.name}`);
  const start = placeOf(cursor.read(), options);
  const closed = Promise.withResolvers<void>();
  const state: State = {
    ...options,
    follower: createFollower(disk, file, start),
    keep: cursor.write,
    kept: false,
    told: '',
    durable: from,
    running: undefined,
    closing: false,
    closed: closed.promise,
  };
  void begin(state);
  return {
    advance(seq) {
      state.durable = Math.max(state.durable, seq);
      void begin(state);
    },
    async close() {
      state.closing = true;
      closed.resolve();
      await begin(state);
      state.follower.close();
    },
  };
}

/** A cursor beyond the log is of another one, or of entries that a power cut took: what comes now is new. */
function placeOf(kept: number | undefined, options: DeliverOptions): number {
  const { from, written, sink, file, onError } = options;
  if (kept === undefined) return from;
  if (kept <= written) return kept;
  const why = Number.isNaN(kept)
    ? `${file}.${sink.name} does not say how far it had come`
    : `it had come to seq ${kept}, which the log has not`;
  onError(`${sink.name}: ${why}; it goes on at ${from}`);
  return from;
}

interface State extends DeliverOptions {
  follower: Follower;
  readonly keep: (seq: number) => Promise<void>;
  /**
   * True once the cursor is on the disk. It is written before anything is sent: without one, the next
   * start would begin at its own first entry and skip what this one could not send.
   */
  kept: boolean;
  /** What was last reported; the same is reported again only after a cursor was stored. */
  told: string;
  durable: number;
  running: Promise<void> | undefined;
  closing: boolean;
  /** Resolves on `close`, to end a pause between two tries. */
  readonly closed: Promise<void>;
}

/** Joins the run in progress, or starts one. */
function begin(state: State): Promise<void> {
  state.running ??= run(state).finally(() => {
    state.running = undefined;
  });
  return state.running;
}

async function run(state: State): Promise<void> {
  let delay = RETRY_MS.first;
  try {
    if (!state.kept) await state.keep(state.follower.seq());
    state.kept = true;
    while (state.follower.seq() < state.durable) {
      skipOld(state);
      const batch = nextBatch(state);
      if (batch.length === 0) break;
      while (!(await sent(state, batch))) {
        if (state.closing) return;
        await Promise.race([state.wait(delay), state.closed]);
        delay = Math.min(delay * 2, RETRY_MS.last);
      }
      delay = RETRY_MS.first;
      await keepPlace(state);
      state.onDelivered(state.follower.seq());
    }
  } catch (thrown) {
    tellOnce(state, thrown);
  }
}

/** What was sent counts as delivered even if this fails: the next start then sends some of it again. */
async function keepPlace(state: State): Promise<void> {
  try {
    await state.keep(state.follower.seq());
    state.told = '';
  } catch (thrown) {
    tellOnce(state, thrown);
  }
}

/** Each commit begins a run, and a thousand a second may fail in the same way. */
function tellOnce(state: State, thrown: unknown): void {
  const message = messageOf(thrown);
  if (message !== state.told) state.onError(`${state.sink.name}: ${message}`);
  state.told = message;
}

/** A sink that stays away must not keep the log's segments for ever. */
function skipOld(state: State): void {
  const { follower, durable, maxBehind, file, disk } = state;
  const behind = durable - follower.seq();
  if (behind <= maxBehind) return;
  follower.close();
  state.follower = createFollower(disk, file, durable - maxBehind);
  state.onDropped(behind - maxBehind);
}

function nextBatch(state: State): readonly Delivered[] {
  const { follower, sink, durable } = state;
  const missed = follower.missed();
  const lines: Delivered[] = [];
  let bytes = 0;
  try {
    for (const line of follower.read(durable)) {
      lines.push({ bytes: Buffer.from(line.bytes), labels: line.labels });
      bytes += line.bytes.length;
      if (bytes >= sink.batchBytes) break;
    }
  } catch (thrown) {
    // Lines before the fault are sent first; the next read starts after them and meets it again.
    if (lines.length === 0) throw thrown;
  }
  if (follower.missed() > missed) state.onDropped(follower.missed() - missed);
  return lines;
}

async function sent({ sink, onError }: State, batch: readonly Delivered[]): Promise<boolean> {
  try {
    await sink.send(batch);
    return true;
  } catch (thrown) {
    onError(`${sink.name}: ${messageOf(thrown)}`);
    return false;
  }
}
