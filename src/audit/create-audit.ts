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
import { type Supervised, supervise } from './supervise.ts';
import { createTurn } from './turn.ts';

export type { AuditOptions } from './options.ts';

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

/** Opens the log, makes it whole where a crash cut it short, and resolves once it takes entries. */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  const { now } = options;
  const parts = assemble(options);
  const { committer, recorder, status } = parts;
  const thread = await parts.start();
  const checker = setInterval(committer.check, CHECK_MS).unref();
  const flusher = setInterval(recorder.flush, FLUSH_MS).unref();
  const lastWords = (kind: string, fields: Record<string, Json>) =>
    toEventBody(kind, new Date(now()).toISOString(), fields);

  return {
    intent: recorder.intent,
    terminal: recorder.terminal,
    turnedAway: recorder.turnedAway,
    event: recorder.event,
    status,
    reopen: () => thread.post({ type: 'reopen' }),
    crash: (cause) => committer.submitNow(lastWords('crash', { crash: { cause } }), LAST_WORDS_MS),
    async close() {
      clearInterval(flusher);
      recorder.flush();
      await committer.drained();
      clearInterval(checker);
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

function assemble(options: AuditOptions): Parts {
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
    monotonic: () => performance.now(),
    soon: setImmediate,
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
    thread = await supervise({
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
