import type { AuditCause } from '../audit-causes.ts';
import type { AuditKind, CountedKind } from '../audit-kinds.ts';
import type { Json } from '../json/canonical.ts';
import type { Recorder } from '../stages.ts';
import { type Committer, createCommitter } from './batches/committer.ts';
import { createRounds } from './batches/rounds.ts';
import { pack, toEventBody } from './entries/body.ts';
import { createEntries, type Entries } from './entries/entry.ts';
import { maskEntries } from './entries/mask.ts';
import { type CallRecorder, createRecorder } from './entries/recorder.ts';
import type { Order, Report } from './messages.ts';
import {
  type AuditOptions,
  redactorOf,
  requiredSinks,
  settingsOf,
  signingKeyOf,
} from './options.ts';
import type { SinkCounts } from './sinks/start-sinks.ts';
import type { Supervised, SuperviseOptions } from './supervise.ts';
import { type AuditState, takeReport } from './take-report.ts';

interface AuditStatus {
  readonly state: 'ok' | 'suspended';
  /** Why it is suspended (`ENOSPC`, `DEADLINE`, `REMOVED`, `SINK`…), '' while it is not. */
  readonly code: AuditCause | '';
  /** Entries that are neither durable nor given up. */
  readonly queued: number;
  readonly undelivered: SinkCounts;
  /** Public half of the key that signs checkpoints. */
  readonly vkey: string;
}

export interface Audit extends Recorder {
  /** An entry that belongs to no call, or to one that has ended: `reload`, `shadow`… */
  event(kind: CountedKind, fields: Record<string, Json>): Promise<void>;
  status(): AuditStatus;
  /** Someone moved the file (SIGHUP): closes the segment and opens the next under the same name. */
  reopen(): void;
  /** Writes the last entry of a process that must not go on; blocks for at most half a second. */
  crash(cause: string): boolean;
  /** Writes `shutdown`, signs for it and closes the log. */
  close(): Promise<void>;
}

/** What an audit log runs on: a thread and real timers, or those of a simulation. */
interface Surroundings {
  readonly connect: (options: SuperviseOptions) => Promise<Supervised>;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
  readonly soon: (work: () => void) => void;
  readonly turn: (work: () => void) => void;
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
  const lastWords = (kind: AuditKind, fields: Record<string, Json>) =>
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

interface Parts {
  readonly state: AuditState;
  readonly committer: Committer;
  readonly recorder: CallRecorder;
  start(): Promise<Supervised>;
}

const WELL = { code: '', since: 0 } as const;

function createParts(options: AuditOptions, around: Surroundings): Parts {
  const { now, warn, onEntry } = options;
  const shared = createRounds();
  const state: AuditState = { vkey: '', suspension: WELL, thread: undefined, sinks: undefined };
  const post = (order: Order) => state.thread?.post(order);

  const committer = createCommitter({
    post,
    rounds: new Int32Array(shared),
    deadlineMs: options.commitTimeoutMs,
    maxQueue: options.maxQueue,
    monotonic: around.monotonic,
    soon: around.soon,
    turn: around.turn,
    onCommit: options.onCommit,
    onFull: () => options.onFailure('QUEUE_FULL'),
    onSuspend(code, message) {
      state.suspension = { code, since: now() };
      options.onFailure(code);
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
      const onReport = (report: Report) =>
        takeReport(report, { options, state, committer, recorder });
      const onDeath = (cause: string) => committer.abandon('THREAD', cause);
      const key = signingKeyOf(options);
      const data = { settings: settingsOf(options), key, rounds: shared };
      state.thread = await around.connect({ data, onReport, onDeath });
      return state.thread;
    },
  };
}

function entriesOf(options: AuditOptions): Entries {
  const { now, evaluateMask: evaluate, maskActive: active, warn } = options;
  const entries = createEntries({ redactor: redactorOf(options), now });
  const onFailure = (cause: unknown) => {
    options.onFailure('MASK');
    warn(`audit: the mask failed, and the entry was written without input and result: ${cause}`);
  };
  return maskEntries(entries, { evaluate, active, onFailure });
}

const confirmBy = (state: AuditState) => async (seq: number) => state.sinks?.reached(seq);

function statusOf({ suspension, sinks, vkey }: AuditState, committer: Committer): AuditStatus {
  const code = suspension.code || (sinks?.behind() ? 'SINK' : '');
  return {
    state: code === '' ? 'ok' : 'suspended',
    ...{ code, vkey },
    queued: committer.queued(),
    undelivered: sinks?.undelivered() ?? {},
  };
}
