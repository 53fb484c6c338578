import { basename } from 'node:path';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { whyUnread } from '../../audit/verify/unread.ts';
import type { Terminal } from '../command.ts';
import { printable } from '../printable.ts';
import { disk } from './disk.ts';
import type { AuditEntry } from './entry-view.ts';

/** Entries that are not where they should be. */
export interface Missing {
  readonly log: string;
  readonly first_seq: number;
  readonly last_seq: number;
  /** The segment that the last of them was in, if the log says so. */
  readonly segment: string;
}

/** Is shown the entries of one log in order, and finds those that are missing. */
export interface Gaps {
  pass(entry: AuditEntry, seq: number): void;
  /** After the last entry. */
  end(): void;
}

/** Reports each gap on standard error, so that nobody takes what is left for all there was. */
export function warnOfGaps(
  log: LogFiles,
  { stderr }: Pick<Terminal, 'stderr'>,
  note: (missing: Missing) => void = () => undefined,
): Gaps {
  return createGaps(log, (missing) => {
    const { first_seq: first, last_seq: last, segment } = missing;
    const end = segment === '' ? '' : `, to the end of ${printable(segment)}`;
    const entries = `entries ${first} to ${last} are missing${end}${reasonsOf(log)}`;
    stderr.write(
      `kms-reencrypt-proxy audit: ${printable(log.path)}: ${entries}; audit verify says more\n`,
    );
    note(missing);
  });
}

/** Why files beside the log are not read. */
function reasonsOf(log: LogFiles): string {
  const damaged = log.segments.filter(({ damage }) => damage !== '');
  const damages = damaged.map(({ name, damage }) => `${basename(name)} ${damage}`);
  const reasons = [...damages, ...whyUnread(disk, log)];
  return reasons.length === 0 ? '' : ` (${printable(reasons.join('; '))})`;
}

function createGaps(log: LogFiles, tell: (missing: Missing) => void): Gaps {
  const heads = log.segments.flatMap(({ head }) => head ?? []);
  const deleted = new Set<string>();
  const first = heads[0];
  let next = first?.chain.seq ?? 0;
  return {
    pass({ kind, seq: told, retention }, counted) {
      const seq = Number.isSafeInteger(told) ? told : counted;
      if (kind === 'retention') for (const name of namesOf(retention)) deleted.add(name);
      if (seq > next)
        missing(
          next,
          seq,
          heads.find(({ chain }) => chain.seq === seq),
        );
      next = Math.max(next, seq + 1);
    },
    end() {
      if (log.partial) return;
      // Only what the log itself says it deleted may be missing before its first segment.
      const expected = deleted.has(first?.predecessor?.file ?? '');
      if (first && first.chain.seq > 0 && !expected) missing(0, first.chain.seq, first);
      if (log.checkpoint && log.checkpoint.size > next) missing(next, log.checkpoint.size);
    },
  };

  function missing(from: number, to: number, after?: (typeof heads)[number]): void {
    const segment = after?.predecessor?.file ?? '';
    tell({ log: log.path, first_seq: from, last_seq: to - 1, segment });
  }
}

function namesOf(retention: unknown): readonly string[] {
  const { deleted } = (retention ?? {}) as { readonly deleted?: unknown };
  return Array.isArray(deleted) ? deleted.map((segment) => String(segment?.file)) : [];
}
