import { type Audit, assemble } from '../../src/audit/assemble.ts';
import type { Disk } from '../../src/audit/log/disk.ts';
import { createHost } from '../../src/audit/log/host.ts';
import type { Report } from '../../src/audit/messages.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import type { Supervised } from '../../src/audit/supervise.ts';
import { createThreadSigner } from '../../src/audit/thread-signer.ts';

/** Everything outside that an audit log uses, so that a simulation can supply it. */
interface InlineSurroundings {
  readonly disk: Disk;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
  readonly soon: (work: () => void) => void;
  readonly later: (ms: number, work: () => void) => void;
  /** Repeats until the function that it returns is called. */
  readonly every: (ms: number, work: () => void) => () => void;
}

/** The same log without a thread: for simulations, where one seed must always give the same run. */
export function createInlineAudit(
  options: AuditOptions,
  around: InlineSurroundings,
): Promise<Audit> {
  const { disk, monotonic, soon, later, every } = around;
  const { now } = options;
  return assemble(options, {
    ...{ monotonic, soon, turn: soon, every },
    connect: ({ data, onReport }) =>
      new Promise((resolve, reject) => {
        const { settings, key, rounds } = data;
        const closed = Promise.withResolvers<void>();
        const hear = (report: Report) => {
          if (report.type === 'closed') closed.resolve();
          onReport(report);
        };
        let ready = false;
        const tell = (report: Report) => {
          ready ||= report.type === 'ready';
          if (report.type === 'refused') reject(new Error(`audit.file: ${report.message}`));
          else if (report.type === 'ready') hear(report);
          else soon(() => hear(report));
        };
        const { signer, signed } = createThreadSigner(key, settings.origin, tell);
        const host = createHost({
          ...{ settings, disk, signer, now, tell, later },
          rounds: new Int32Array(rounds),
        });
        const connected: Supervised = {
          post: (order) => (order.type === 'signed' ? signed(order) : host.take(order)),
          close(last) {
            host.take(last);
            return closed.promise;
          },
        };
        if (ready) resolve(connected);
      }),
  });
}
