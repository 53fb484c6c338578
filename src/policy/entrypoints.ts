/** What the proxy asks, in the slash form of OPA. */
export const ENTRYPOINT = 'kms/reencrypt/decision';

/** OPA's own name for the rule that masks values in the audit log; optional in a bundle. */
export const MASK_ENTRYPOINT = 'system/log/mask';

/** Lists what a bundle finds wrong with its own data; optional in a bundle. */
export const LOAD_ERRORS_ENTRYPOINT = 'kms/reencrypt/load_errors';
