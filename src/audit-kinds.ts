/** Kinds of audit entries that calls and the process have: these are counted. */
// biome-ignore format: a list reads best packed.
export const COUNTED_KINDS = ['intent', 'outcome', 'refusal', 'check', 'turned_away', 'correction', 'shadow', 'reload', 'dropped', 'resumed'] as const;

/** Those and the kinds that the log writes about itself, as policies/schemas/audit.json lists them. */
// biome-ignore format: a list reads best packed.
export const AUDIT_KINDS = [...COUNTED_KINDS, 'segment', 'segment_close', 'checkpoint', 'started', 'restarted', 'shutdown', 'crash', 'recovered', 'suspended', 'broken', 'retention'] as const;

export type CountedKind = (typeof COUNTED_KINDS)[number];
export type AuditKind = (typeof AUDIT_KINDS)[number];
