/** Our own words for what the audit log could not do: metrics, warnings and entries name it so. */
// biome-ignore format: a list reads best packed.
const OWN_CAUSES = ['DEADLINE', 'QUEUE_FULL', 'CLOSED', 'THREAD', 'MASK', 'UNSIGNED', 'UNROTATED', 'UNDELETED', 'UNDELIVERED', 'SINK', 'REMOVED', 'RENAMED', 'REPLACED', 'TRUNCATED', 'FOREIGN_WRITE', 'MODE_CHANGED', 'NOT_A_FILE', 'OTHER_SCHEMA', 'NO_HEAD', 'BROKEN', 'UNKNOWN'] as const;

// biome-ignore format: a list reads best packed.
/** What a system says of a disk that takes nothing. It has more: those count as `_other`. */
const SYSTEM_CAUSES = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE', 'EFBIG'] as const;

export const AUDIT_CAUSES = [...OWN_CAUSES, ...SYSTEM_CAUSES];

/** Why the audit log could not do something: ours, or the system's code of an error. */
export type AuditCause = (typeof OWN_CAUSES)[number] | SystemCode;
export type SystemCode = `E${string}`;
