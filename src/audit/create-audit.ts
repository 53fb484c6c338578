import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Recorder } from '../stages.ts';
import { type Body, toEventBody } from './body.ts';
import { createCommitter } from './committer.ts';
import { createEntries } from './entry.ts';
import { readOrMakeKey } from './key-file.ts';
import type { Report, ThreadData } from './messages.ts';
import { createRecorder } from './recorder.ts';
import { createRedactor } from './redact.ts';
import { startThread, type Thread } from './start-thread.ts';
import { createTurn } from './turn.ts';

export interface AuditOptions {
  /** Path of the live segment; its folder is made where it is missing. */
  readonly file: string;
  readonly durability: 'fsync' | 'write';
  /** Named in every entry. */
  readonly backend: 'aws' | 'embedded';
  readonly version: string;
  /** Name of this log, unique in a fleet; default `kms-reencrypt-proxy/<host name>`. */
  readonly origin?: string | undefined;
  /** 32 bytes; made beside the log where it is not given. */
  readonly hmacKeyFile?: string | undefined;
  /** Context keys whose values are written in clear. */
  readonly clearContextKeys?: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
  readonly onEntry?: (kind: string) => void;
  readonly onFailure?: (code: string) => void;
}

export interface AuditStatus {
  readonly state: 'ok' | 'suspended';
  /** Why it is suspended, '' while it is not. */
  readonly code: string;
}

export interface Audit extends Recorder {
  status(): AuditStatus;
  close(): Promise<void>;
}

const COMMIT_DEADLINE_MS = 2_000;
const MAX_QUEUE = 10_000;
const FLUSH_MS = 1_000;
const RESPAWN_MS = 250;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Opens the log, makes it whole where a crash cut it short, and resolves once it takes entries. */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  const { file, durability, backend, version, now, warn } = options;
  const origin = options.origin ?? `kms-reencrypt-proxy/${hostname()}`;
  const labels = { backend, origin, version };
  const shared = createTurn();
  const data: ThreadData = {
    turn: shared,
    options: {
      resuming: false,
      file,
      durability,
      origin,
      vkey: '',
      labels,
      maxBytes: 64 << 20,
      maxAgeMs: DAY_MS,
      onBrokenChain: 'refuse',
    },
  };
  let suspension = { code: '', since: 0 };
  let closing = false;
  let thread: Thread;

  const committer = createCommitter({
    post: (order) => thread.post(order),
    turn: new Int32Array(shared),
    deadlineMs: COMMIT_DEADLINE_MS,
    maxQueue: MAX_QUEUE,
    monotonic: () => performance.now(),
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
  const recorder = createRecorder({
    entries: createEntries({ redactor: redactorOf(options), labels, now }),
    commit: committer.submit,
    now,
    onEntry: (kind) => options.onEntry?.(kind),
  });

  await start(false);
  const flusher = setInterval(recorder.flush, FLUSH_MS).unref();

  return {
    intent: recorder.intent,
    terminal: recorder.terminal,
    turnedAway: recorder.turnedAway,
    status: () => ({ state: suspension.code === '' ? 'ok' : 'suspended', code: suspension.code }),
    close,
  };

  function start(resuming: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let started = false;
      const fresh = startThread({
        data: { ...data, options: { ...data.options, resuming } },
        onReport(report: Report) {
          if (report.type === 'ready') {
            started = true;
            thread = fresh;
            committer.take({ type: 'well', open: report.open });
            resolve();
          } else if (report.type === 'refused') reject(new Error(`audit: ${report.message}`));
          else committer.take(report);
        },
        onDeath(cause) {
          if (!started) reject(cause);
          else if (!closing) respawn(String(cause));
        },
      });
    });
  }

  function respawn(cause: string): void {
    committer.abandon('THREAD', cause);
    setTimeout(() => {
      start(true).catch((thrown) => respawn(String(thrown)));
    }, RESPAWN_MS).unref();
  }

  async function close(): Promise<void> {
    if (closing) return;
    closing = true;
    clearInterval(flusher);
    recorder.flush();
    await committer.drained();
    thread.post({ type: 'close', last: [shutdown()] });
    await thread.ended();
    committer.close();
  }

  function shutdown(): Body {
    return toEventBody('shutdown', new Date(now()).toISOString(), { labels });
  }
}

function redactorOf({ file, hmacKeyFile, clearContextKeys = [], warn }: AuditOptions) {
  const path = hmacKeyFile ?? `${file}.hmac-key`;
  const key = readOrMakeKey(path, hmacKeyFile ? undefined : () => randomBytes(32));
  if (key.made) warn(`audit: made an install key for context values: ${path}`);
  if (key.bytes.length !== 32) throw new Error(`${path}: an install key has 32 bytes`);
  return createRedactor(key.bytes, clearContextKeys);
}
