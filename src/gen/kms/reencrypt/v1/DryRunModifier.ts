// Original file: proto/kms/reencrypt/v1/reencrypt.proto

export const DryRunModifier = {
  DRY_RUN_MODIFIER_UNSPECIFIED: 'DRY_RUN_MODIFIER_UNSPECIFIED',
  DRY_RUN_MODIFIER_IGNORE_CIPHERTEXT: 'DRY_RUN_MODIFIER_IGNORE_CIPHERTEXT',
} as const;

export type DryRunModifier =
  | 'DRY_RUN_MODIFIER_UNSPECIFIED'
  | 0
  | 'DRY_RUN_MODIFIER_IGNORE_CIPHERTEXT'
  | 1

export type DryRunModifier__Output = typeof DryRunModifier[keyof typeof DryRunModifier]
