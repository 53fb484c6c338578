import { type Committer, createCommitter } from '../../src/audit/batches/committer.ts';
import { createRounds } from '../../src/audit/batches/rounds.ts';
import { createEntries } from '../../src/audit/entries/entry.ts';
import { createRecorder } from '../../src/audit/entries/recorder.ts';
import { createRedactor } from '../../src/audit/entries/redact.ts';
import { createHost, type Host } from '../../src/audit/log/host.ts';
import { createEd25519Signer, makeEd25519Key } from '../../src/audit/log/signer.ts';
import type { Order, Report } from '../../src/audit/messages.ts';
import type { Recorder } from '../../src/stages.ts';
import { failure, type SimulatedDisk } from './disk.ts';
import type { World } from './world.ts';

const ORIGIN = 'simulation';
const SIGNER = createEd25519Signer(makeEd25519Key(), ORIGIN);
const REDACTOR = createRedactor(Buffer.alloc(32, 7), []);

const SETTINGS = {
  file: '/audit/audit.jsonl',
  durability: 'fsync',
  origin: ORIGIN,
  labels: {},
  resuming: false,
  maxBytes: 12_000,
  maxAgeMs: 60_000,
  keepSegments: 0,
  keepMs: 0,
  checkpointEntries: 20,
  checkpointMs: 10_000,
  commitTimeoutMs: 2_000,
  onBrokenChain: 'refuse',
} as const;

interface SimulatedAudit {
  readonly record: Recorder;
  readonly committer: Committer;
  /** The share of disk calls that meet trouble from now on. */
  troubles(share: number): void;
  /** The log's thread dies, and another one takes over. */
  killThread(): void;
  /** Opens the log as a new process on the same disk would; throws if the log is refused. */
  recover(): void;
}

/** The real audit log, its thread and its disk driven by the simulated world. */
export function createSimulatedAudit(world: World, disk: SimulatedDisk): SimulatedAudit {
  const rounds = new Int32Array(createRounds());
  const [toThread, fromThread] = [createPort(world), createPort(world)];
  let host: Host | undefined;
  let generation = 0;
  let share = 0;
  let suspension = { code: '', since: 0 };

  const committer = createCommitter({
    post: (order) => post(order),
    rounds,
    deadlineMs: 2000,
    maxQueue: 64,
    monotonic: world.now,
    soon: (work) => void world.after(0, work),
    turn: (work) => void world.after(0, work),
    onCommit: () => {},
    onFull: () => {},
    onSuspend(code) {
      suspension = { code, since: world.epoch() };
    },
    onResume: (open) => recorder.catchUp(open, suspension),
  });
  const entries = createEntries({ redactor: REDACTOR, now: world.epoch });
  const recorder = createRecorder({
    entries,
    commit: committer.submit,
    now: world.epoch,
    onEntry: () => {},
  });
  disk.trouble = (what) => {
    if (!world.chance(share)) return;
    // The thread is stuck in a system call while the other one looks at its clock.
    if (world.chance(0.3)) {
      world.skip(world.between(100, 4000));
      committer.check();
      return;
    }
    throw failure(what === 'sync' ? 'EIO' : world.pick(['ENOSPC', 'EIO', 'EDQUOT']), 'simulated');
  };
  start(false);
  beat();

  return {
    record: recorder,
    committer,
    troubles(next) {
      share = next;
    },
    killThread() {
      host = undefined;
      generation += 1;
      committer.abandon('THREAD', 'it was killed');
      world.after(world.between(1, 300), () => start(true));
    },
    recover: () => void open(false, () => {}),
  };

  function post(order: Order): void {
    const to = generation;
    toThread(() => {
      if (to === generation) host?.take(order);
    });
  }

  function start(resuming: boolean): void {
    const mine = generation;
    const before = share;
    share = 0;
    host = open(resuming, (report) => {
      fromThread(() => {
        if (mine === generation) onReport(report);
      });
    });
    share = before;
  }

  function open(resuming: boolean, tell: (report: Report) => void): Host {
    const mine = generation;
    const alive = (work: () => void) => () => {
      if (mine === generation) work();
    };
    return createHost({
      settings: { ...SETTINGS, resuming },
      disk,
      signer: SIGNER,
      now: world.epoch,
      rounds,
      tell(report) {
        if (report.type === 'refused') throw new Error(`the log is refused: ${report.message}`);
        tell(report);
      },
      later: (ms, work) => void world.after(ms, alive(work)),
    });
  }

  function onReport(report: Report): void {
    if (report.type === 'ready') committer.take({ type: 'well', open: report.open });
    else committer.take(report);
  }

  function beat(): void {
    committer.check();
    world.after(200, beat);
  }
}

/** A message port: late, but in order. */
function createPort(world: World): (deliver: () => void) => void {
  let last = 0;
  return (deliver) => {
    last = Math.max(last, world.now() + world.between(0, 0.3));
    world.after(last - world.now(), deliver);
  };
}
