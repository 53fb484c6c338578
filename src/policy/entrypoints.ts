/** What the proxy asks, in the slash form of OPA. */
export const ENTRYPOINT = 'kms/reencrypt/decision';

/** OPA's own name for the rule that masks values in the audit log; optional in a bundle. */
export const MASK_ENTRYPOINT = 'system/log/mask';

/** Lists what a bundle finds wrong with its own data; optional in a bundle. */
export const LOAD_ERRORS_ENTRYPOINT = 'kms/reencrypt/load_errors';

const OPTIONAL = [
  [LOAD_ERRORS_ENTRYPOINT, /^package\s+kms\.reencrypt(?![\w.])/m, /^load_errors\b/m],
  [MASK_ENTRYPOINT, /^package\s+system\.log(?![\w.])/m, /^mask\b/m],
] as const;

/** The optional entrypoints that these files of Rego have a rule for: OPA only makes those that its caller names. */
export function optionalIn(rego: readonly string[]): readonly string[] {
  return OPTIONAL.filter(([, inPackage, rule]) =>
    rego.some((text) => inPackage.test(text) && rule.test(text)),
  ).map(([entrypoint]) => entrypoint);
}
