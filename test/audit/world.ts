import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Audit } from '../../src/audit/assemble.ts';
import { createAudit } from '../../src/audit/create-audit.ts';
import { createNodeDisk, type Disk } from '../../src/audit/log/disk.ts';
import { parseNote } from '../../src/audit/log/note.ts';
import { makeEd25519Key } from '../../src/audit/log/signer.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { type Verdict, verifyLog } from '../../src/audit/verify/verify.ts';
import { BASICS } from './basics.ts';
import { createInlineAudit } from './inline-audit.ts';

export interface Folder extends AsyncDisposable {
  readonly path: string;
  readonly file: string;
}

export function createFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'krp-audit-'));
  return {
    path,
    file: join(path, 'audit.jsonl'),
    async [Symbol.asyncDispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A copy of what is in a folder, which a test may damage. */
export function copyOf({ path }: Folder): Folder {
  const folder = createFolder();
  cpSync(path, folder.path, { recursive: true });
  return folder;
}

export function openAudit(file: string, changes: Partial<AuditOptions> = {}): Promise<Audit> {
  return createAudit({ ...BASICS, file, ...changes });
}

/** The same log for tests of what reads it: a thread of its own takes 0.1 s of CPU to start. */
export function openThreadless(file: string, changes: Partial<AuditOptions> = {}): Promise<Audit> {
  return createInlineAudit(
    { ...BASICS, file, durability: 'write', ...changes },
    {
      disk: createNodeDisk(),
      monotonic: () => performance.now(),
      soon: setImmediate,
      later: (ms, work) => setTimeout(work, ms).unref(),
      every(ms, work) {
        const timer = setInterval(work, ms).unref();
        return () => clearInterval(timer);
      },
    },
  );
}

/** `notes` are checkpoints that were kept elsewhere. */
export function verify(
  path: string,
  disk: Disk = createNodeDisk(),
  notes: readonly string[] = [],
): Verdict {
  const [log] = collectLogs(disk, path);
  if (!log) throw new Error(`there is no log at ${path}`);
  const checkpoints = notes.map((note) => parseNote(note));
  return verifyLog(log, { disk, checkpoints, keys: [], onProgress: () => undefined });
}

/** Time that a test moves by hand, with everything that waits for it. */
interface Clock {
  now(): number;
  soon(work: () => void): void;
  later(ms: number, work: () => void): void;
  every(ms: number, work: () => void): () => void;
  /** Lets `ms` milliseconds pass, and runs all that falls due in them, in order. */
  pass(ms: number): Promise<void>;
}

interface Due {
  readonly at: number;
  readonly work: () => void;
}

export function createClock(start = 1_795_000_000_000): Clock {
  let now = start;
  let due: Due[] = [];
  const add = (ms: number, work: () => void) => due.push({ at: now + ms, work });
  return {
    now: () => now,
    soon: (work) => add(0, work),
    later: (ms, work) => add(ms, work),
    every(ms, work) {
      let stopped = false;
      const again = () => {
        if (stopped) return;
        work();
        add(ms, again);
      };
      add(ms, again);
      return () => {
        stopped = true;
      };
    },
    async pass(ms) {
      const until = now + ms;
      for (;;) {
        // Promises that the last work settled come first, as in an event loop.
        for (let turn = 0; turn < 20; turn += 1) await undefined;
        const next = due.reduce<Due | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);
        if (!next || next.at > until) break;
        due = due.filter((one) => one !== next);
        now = Math.max(now, next.at);
        next.work();
      }
      now = until;
    },
  };
}

/** Key files are real; the log is on the disk given. */
export function createKeys() {
  const folder = createFolder();
  const signingKeyFile = join(folder.path, 'key.pem');
  const hmacKeyFile = join(folder.path, 'hmac');
  writeFileSync(signingKeyFile, makeEd25519Key());
  writeFileSync(hmacKeyFile, randomBytes(32));
  return { folder, signingKeyFile, hmacKeyFile };
}

export function openInline(
  disk: Disk,
  clock: Clock,
  options: Partial<AuditOptions>,
): Promise<Audit> {
  const { now, soon, later, every } = clock;
  return createInlineAudit(
    { ...BASICS, file: '/log/audit.jsonl', ...options, now },
    { disk, monotonic: now, soon, later, every },
  );
}

/** Lets time pass until the promise is settled. */
export async function settled<T>(clock: Clock, promise: Promise<T>): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  promise.then(end, end);
  for (let turn = 0; turn < 1_000 && !done; turn += 1) await clock.pass(10);
  return promise;
}
