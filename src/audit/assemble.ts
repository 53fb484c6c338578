import type { Recorder } from '../stages.ts';
import { toEventBody } from './body.ts';
import type { Json } from './canonical.ts';
import { type Committer, createCommitter } from './committer.ts';
import { createEntries } from './entry.ts';
import type { Order, Report } from './messages.ts';
import {
  type AuditOptions,
  DEFAULTS,
  labelsOf,
  redactorOf,
  settingsOf,
  signingKeyOf,
} from './options.ts';
import { type CallRecorder, createRecorder } from './recorder.ts';
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
  /** An entry that belongs to no call, or to one that has ended: `shadow`, `config`… */
  event(kind: string, fields: Record<string, Json>): Promise<void>;
  status(): AuditStatus;
  /** Someone moved the file (SIGHUP): closes the segment and opens the next under the same name. */
  reopen(): void;
  /** The last words of a process that must not go on; blocks for half a second at most. */
  crash(cause: string): boolean;
  /** Writes `shutdown`, signs for it and closes the log. */
  close(): Promise<void>;
}

const CHECK_MS = 50;
const FLUSH_MS = 1_000;
const LAST_WORDS_MS = 500;

/** What an audit log is put together over: a thread and real timers, or a simulation's own. */
export interface Surroundings {
  readonly connect: (options: SuperviseOptions) => Promise<Supervised>;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
  readonly soon: (work: () => void) => void;
  /** Repeats until the function that it returns is called. */
  readonly every: (ms: number, work: () => void) => () => void;
}

export async function assemble(options: AuditOptions, around: Surroundings): Promise<Audit> {
  const { committer, recorder, status, start } = createParts(options, around);
  const thread = await start();
  const stopChecking = around.every(CHECK_MS, committer.check);
  const stopFlushing = around.every(FLUSH_MS, recorder.flush);
  const lastWords = (kind: string, fields: Record<string, Json>) =>
    toEventBody(kind, new Date(options.now()).toISOString(), fields);

  return {
    intent: recorder.intent,
    terminal: recorder.terminal,
    turnedAway: recorder.turnedAway,
    event: recorder.event,
    status,
    reopen: () => thread.post({ type: 'reopen' }),
    crash: (cause) => committer.submitNow(lastWords('crash', { crash: { cause } }), LAST_WORDS_MS),
    async close() {
      stopFlushing();
      recorder.flush();
      await committer.drained();
      stopChecking();
      await thread.close({ type: 'close', last: [lastWords('shutdown', {})] });
    },
  };
}

interface Parts {
  readonly committer: Committer;
  readonly recorder: CallRecorder;
  status(): AuditStatus;
  start(): Promise<Supervised>;
}

function createParts(options: AuditOptions, around: Surroundings): Parts {
  const { now, warn, onEntry = () => undefined } = options;
  const shared = createTurn();
  let vkey = '';
  let suspension = { code: '', since: 0 };
  let thread: Supervised | undefined;

  const committer = createCommitter({
    post,
    turn: new Int32Array(shared),
    deadlineMs: options.commitTimeoutMs ?? DEFAULTS.commitTimeoutMs,
    maxQueue: options.maxQueue ?? DEFAULTS.maxQueue,
    monotonic: around.monotonic,
    soon: around.soon,
    onSuspend(code, message) {
      suspension = { code, since: now() };
      options.onFailure?.(code);
      warn(`audit: suspended (${code}): ${message}`);
    },
    onResume(open) {
      recorder.catchUp(open, suspension);
      suspension = { code: '', since: 0 };
      warn('audit: the log takes entries again');
    },
  });
  const entries = createEntries({ redactor: redactorOf(options), labels: labelsOf(options), now });
  const recorder = createRecorder({ entries, commit: committer.submit, now, onEntry });

  return { committer, recorder, status, start };

  function post(order: Order): void {
    thread?.post(order);
  }

  function status(): AuditStatus {
    const { code } = suspension;
    return { state: code === '' ? 'ok' : 'suspended', code, queued: committer.queued(), vkey };
  }

  async function start(): Promise<Supervised> {
    thread = await around.connect({
      data: { settings: settingsOf(options), key: signingKeyOf(options), turn: shared },
      onReport,
      onDeath: (cause) => committer.abandon('THREAD', cause),
    });
    return thread;
  }

  function onReport(report: Report): void {
    if (report.type === 'ready') {
      ({ vkey } = report);
      // After a respawn this ends the suspension; at the first start there is none.
      committer.take({ type: 'well', open: report.open });
    } else if (report.type === 'checkpoint') options.onCheckpoint?.(report.note);
    else if (report.type === 'unsigned') {
      options.onFailure?.('UNSIGNED');
      warn(`audit: a checkpoint could not be signed: ${report.message}`);
    } else if (report.type === 'sign') sign(options, report, post);
    else committer.take(report);
  }
}

type Ask = Extract<Report, { type: 'sign' }>;

/** The log's thread has no key where a KMS holds it, and asks. */
function sign({ signer }: AuditOptions, { id, text }: Ask, post: (order: Order) => void): void {
  const answer = (signature: Uint8Array | undefined, message: string) =>
    post({ type: 'signed', id, signature, message });
  Promise.resolve(signer?.sign(text)).then(
    (signature) => answer(signature, 'there is no signer'),
    (thrown) => answer(undefined, String(thrown)),
  );
}
