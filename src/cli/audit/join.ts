import type { AuditEntry } from './entry-view.ts';

/** Gives an outcome what its intent said about the call, if the intent came before it in the same logs. */
export type Join = (entry: AuditEntry) => AuditEntry;

/** Far more calls than are ever open at one time. In a log that someone made up, intents may have no outcomes. */
const MOST_OPEN = 50_000;

export function createJoin(): Join {
  let begun = new Map<string, AuditEntry>();
  let before = begun;
  return (entry) => {
    const { kind, decision_id: id } = entry;
    if (id === undefined) return entry;
    if (kind === 'intent') begin(id, entry);
    if (kind !== 'outcome') return entry;
    const intent = begun.get(id) ?? before.get(id);
    begun.delete(id);
    before.delete(id);
    if (!intent) return entry;
    const { input = {}, requested_by = '' } = intent;
    return { input, requested_by, ...entry, intent };
  };

  /** Forgets the older half of twice as many. */
  function begin(id: string, intent: AuditEntry): void {
    if (begun.size >= MOST_OPEN) {
      before = begun;
      begun = new Map();
    }
    begun.set(id, intent);
  }
}
