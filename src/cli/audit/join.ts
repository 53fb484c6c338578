import type { AuditKind } from '../../audit-kinds.ts';
import type { AuditEntry } from './entry-view.ts';

/**
 * Gives an outcome what its intent said about the call, and what comes later about a call (`shadow`, `correction`)
 * whose it was and between which keys, if that came before it in the same logs.
 */
export type Join = (entry: AuditEntry) => AuditEntry;

/** Far more calls than are ever open at one time. In a log that someone made up, intents may have no outcomes. */
const MOST_OPEN = 50_000;
/** A candidate policy is never further behind. */
const MOST_ENDED = 5_000;

const LATER: ReadonlySet<string> = new Set<AuditKind>(['shadow', 'correction']);

export function createJoin(): Join {
  const begun = createRecent(MOST_OPEN);
  const ended = createRecent(MOST_ENDED);
  return (entry) => {
    const { kind, decision_id: id } = entry;
    if (id === undefined) return entry;
    if (kind === 'intent') begun.set(id, entry);
    if (LATER.has(kind)) return withInput(entry, ended.get(id) ?? begun.get(id));
    if (kind !== 'outcome') {
      if (kind !== 'intent' && entry.input) ended.set(id, entry);
      return entry;
    }
    const intent = begun.take(id);
    if (!intent) return entry;
    ended.set(id, intent);
    return { ...withInput(entry, intent), intent };
  };
}

function withInput(entry: AuditEntry, of: AuditEntry | undefined): AuditEntry {
  if (!of) return entry;
  const { input = {}, requested_by = '' } = of;
  return { input, requested_by, ...entry };
}

/** Entries by their calls: the newest `most`, and up to as many before them. */
function createRecent(most: number) {
  let newer = new Map<string, AuditEntry>();
  let older = newer;
  const get = (id: string) => newer.get(id) ?? older.get(id);
  return {
    get,
    set(id: string, entry: AuditEntry): void {
      if (newer.size >= most) {
        older = newer;
        newer = new Map();
      }
      newer.set(id, entry);
    },
    take(id: string): AuditEntry | undefined {
      const entry = get(id);
      newer.delete(id);
      older.delete(id);
      return entry;
    },
  };
}
