import type { AuditEntry } from './entry-view.ts';

/** Gives an outcome what its intent said about the call, if the intent came before it in the same logs. */
export type Join = (entry: AuditEntry) => AuditEntry;

export function createJoin(): Join {
  const begun = new Map<string, AuditEntry>();
  return (entry) => {
    const { kind, decision_id: id } = entry;
    if (id === undefined) return entry;
    if (kind === 'intent') begun.set(id, entry);
    if (kind !== 'outcome') return entry;
    const intent = begun.get(id);
    begun.delete(id);
    if (!intent) return entry;
    const { input = {}, requested_by = '' } = intent;
    return { input, requested_by, ...entry, intent };
  };
}
