import type { Side } from '../../call.ts';
import { shown } from '../printable.ts';
import { type AuditEntry, sideOf } from './entry-view.ts';

/** How often a ciphertext of one key was released under another, and when last. */
export interface ReleasedKeys {
  readonly source: string;
  readonly destination: string;
  readonly released: number;
  readonly last: string;
}

/** Counts releases per pair of keys, as KMS reported them: shows whether an old key is still needed. */
export function createReleasedKeys() {
  const pairs = new Map<string, ReleasedKeys>();

  return {
    add(entry: AuditEntry): void {
      const [source, destination] = [arnOf(entry, 'source'), arnOf(entry, 'destination')];
      const name = JSON.stringify([source, destination]);
      const { released = 0, last = '' } = pairs.get(name) ?? {};
      const isLater = entry.timestamp > last;
      const latest = isLater ? entry.timestamp : last;
      pairs.set(name, { source, destination, released: released + 1, last: latest });
    },
    list: (): readonly ReleasedKeys[] =>
      [...pairs.values()].sort((a, b) => b.released - a.released),
  };
}

/** May be a mask's replacement; '' if the intent is not in these logs. */
function arnOf(entry: AuditEntry, side: Side): string {
  const arn: unknown = sideOf(entry, side)?.key_arn ?? '';
  return shown(arn);
}
