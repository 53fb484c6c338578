import { messageOf } from '../message-of.ts';
import type { Recorder } from '../stages.ts';
import { pack, toEventBody } from './body.ts';
import type { Json } from './canonical.ts';
import { type Committer, createCommitter } from './committer.ts';
import { createEntries, type Entries } from './entry.ts';
import { maskEntries } from './mask.ts';
import type { Order, Report } from './messages.ts';
import { type AuditOptions, redactorOf, settingsOf, signingKeyOf } from './options.ts';
import { type CallRecorder, createRecorder } from './recorder.ts';
import { type Sinks, startSinks } from './sinks/start-sinks.ts';
import type { Supervised, SuperviseOptions } from './supervise.ts';
import { createTurn } from './turn.ts';

export interface AuditStatus {
  readonly state: 'ok' | 'suspended';
  /** Why it is suspended (`ENOSPC`, `DEADLINE`, `REMOVED`…), '' while it is not. */
  readonly code: string;
  /** Entries that are neither durable nor given up. */
  readonly queued: number;
  /** Public half of the key that signs checkpoints. */
  readonly vkey: string;
}

export interface Audit extends Recorder {
  /** An entry that belongs to no call, or to one that has ended: `reload`, `shadow`… */
  event(kind: string, fields: Record<string, Json>): Promise<void>;
  status(): AuditStatus;
  /** Someone moved the file (SIGHUP): closes the segment and opens the next under the same name. */
  reopen(): void;
  /** Writes the last entry of a process that must not go on; blocks for at most half a second. */
  crash(cause: string): boolean;
  /** Writes `shutdown`, signs for it and closes the log. */
  close(): Promise<void>;
}

/** What an audit log runs on: a thread and real timers, or those of a simulation. */
export interface Surroundings {
  readonly connect: (options: SuperviseOptions) => Promise<Supervised>;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
  readonly soon: (work: () => void) => void;
  /** Repeats until the function that it returns is called. */
  readonly every: (ms: number, work: () => void) => () => void;
}

const CHECK_MS = 50;
const FLUSH_MS = 1_000;
const LAST_WORDS_MS = 500;

export async function assemble(options: AuditOptions, around: Surroundings): Promise<Audit> {
  const parts = createParts(options, around);
  const { committer, recorder, state } = parts;
  const thread = await parts.start();
  const stopChecking = around.every(CHECK_MS, committer.check);
  const stopFlushing = around.every(FLUSH_MS, recorder.flush);
  const lastWords = (kind: string, fields: Record<string, Json>) =>
    toEventBody(kind, new Date(options.now()).toISOString(), fields);

  return {
    intent: recorder.intent,
    terminal: recorder.terminal,
    turnedAway: recorder.turnedAway,
    event: recorder.event,
    status: () => statusOf(state, committer),
    reopen: () => thread.post({ type: 'reopen' }),
    crash: (cause) => committer.submitNow(lastWords('crash', { crash: { cause } }), LAST_WORDS_MS),
    async close() {
      stopFlushing();
      recorder.flush();
      await committer.drained();
      stopChecking();
      await thread.close({ type: 'close', last: pack([lastWords('shutdown', {})]) });
      await state.sinks?.close();
    },
  };
}

/** What changes while the log is open. */
interface State {
  vkey: string;
  suspension: { readonly code: string; readonly since: number };
  thread: Supervised | undefined;
  sinks: Sinks | undefined;
}

interface Parts {
  readonly state: State;
  readonly committer: Committer;
  readonly recorder: CallRecorder;
  start(): Promise<Supervised>;
}

const WELL = { code: '', since: 0 };

function createParts(options: AuditOptions, around: Surroundings): Parts {
  const { now, warn, onEntry = () => undefined } = options;
  const shared = createTurn();
  const state: State = { vkey: '', suspension: WELL, thread: undefined, sinks: undefined };
  const post = (order: Order) => state.thread?.post(order);

  const committer = createCommitter({
    post,
    turn: new Int32Array(shared),
    deadlineMs: options.commitTimeoutMs,
    maxQueue: options.maxQueue,
    monotonic: around.monotonic,
    soon: around.soon,
    onCommit: options.onCommit ?? (() => undefined),
    onFull: () => options.onFailure?.('QUEUE_FULL'),
    onSuspend(code, message) {
      state.suspension = { code, since: now() };
      options.onFailure?.(code);
      warn(`audit: suspended (${code}): ${message}`);
    },
    onResume(open) {
      recorder.catchUp(open, state.suspension);
      state.suspension = WELL;
      warn('audit: the log can be written again');
    },
  });
  const commit = committer.submit;
  const confirm = requiredSinks(options).length > 0 ? confirmBy(state) : undefined;
  const recorder = createRecorder({ entries: entriesOf(options), commit, confirm, now, onEntry });

  return {
    ...{ state, committer, recorder },
    async start() {
      const onReport = (report: Report) => take(report, { options, state, committer, recorder });
      const onDeath = (cause: string) => committer.abandon('THREAD', cause);
      const key = signingKeyOf(options);
      const data = { settings: settingsOf(options), key, turn: shared };
      state.thread = await around.connect({ data, onReport, onDeath });
      return state.thread;
    },
  };
}

function entriesOf(options: AuditOptions): Entries {
  const { now, evaluateMask: evaluate, maskActive: active, warn } = options;
  const entries = createEntries({ redactor: redactorOf(options), now });
  if (!evaluate) return entries;
  const onFailure = (cause: unknown) => {
    options.onFailure?.('MASK');
    warn(`audit: the mask failed, and the entry was written without input and result: ${cause}`);
  };
  return maskEntries(entries, { evaluate, active, onFailure });
}

function requiredSinks({ sinks }: AuditOptions) {
  return (sinks?.required ?? []).filter((name) => name !== 'file');
}

const confirmBy = (state: State) => async (seq: number) => state.sinks?.reached(seq);

function statusOf({ suspension, vkey }: State, committer: Committer): AuditStatus {
  const { code } = suspension;
  return { state: code === '' ? 'ok' : 'suspended', code, queued: committer.queued(), vkey };
}

interface Taking {
  readonly options: AuditOptions;
  readonly state: State;
  readonly committer: Committer;
  readonly recorder: CallRecorder;
}

function take(report: Report, { options, state, committer, recorder }: Taking): void {
  const { onFailure, onCheckpoint, warn } = options;
  if (report.type === 'ready') {
    state.vkey = report.vkey;
    state.sinks ??= openSinks(options, report.seq, recorder);
    // After a respawn this ends the suspension; at the first start there is none.
    committer.take({ type: 'well', open: report.open });
  } else if (report.type === 'checkpoint') onCheckpoint?.(report.note);
  else if (report.type === 'unsigned') {
    onFailure?.('UNSIGNED');
    warn(`audit: a checkpoint could not be signed: ${report.message}`);
  } else if (report.type === 'sign') {
    sign(options, report, (order) => state.thread?.post(order));
  } else {
    if (report.type === 'done' || report.type === 'closed') state.sinks?.durable(report.seq);
    committer.take(report);
  }
}

function openSinks(options: AuditOptions, from: number, recorder: CallRecorder): Sinks | undefined {
  const { sinks, file, warn, onDropped } = options;
  if (!sinks?.stdout && !sinks?.decisionLog) return;
  const { stdout = false, decisionLog, maxBehind } = sinks;
  return startSinks({
    settings: { file, stdout, decisionLog, maxBehind },
    from,
    required: requiredSinks(options),
    timeoutMs: options.commitTimeoutMs,
    onError: (message) => warn(`audit: ${message}`),
    onDropped(sink, count) {
      onDropped?.(sink, count);
      warn(`audit: ${sink} will never get ${count} entries`);
      recorder.event('dropped', { dropped: { count, sink } }).catch(() => undefined);
    },
  });
}

type Ask = Extract<Report, { type: 'sign' }>;

/** When a KMS holds the key, the log's thread has none and asks for each signature here. */
function sign({ signer }: AuditOptions, { id, text }: Ask, post: (order: Order) => void): void {
  const answer = (signature: Uint8Array | undefined, message: string) =>
    post({ type: 'signed', id, signature, message });
  Promise.resolve(signer?.sign(text)).then(
    (signature) => answer(signature, 'there is no signer'),
    (thrown) => answer(undefined, messageOf(thrown)),
  );
}
