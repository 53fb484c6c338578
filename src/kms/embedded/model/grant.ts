export interface GrantConstraints {
  readonly EncryptionContextSubset?: Readonly<Record<string, string>> | undefined;
  readonly EncryptionContextEquals?: Readonly<Record<string, string>> | undefined;
}

/** A grant as ListGrants shows it, and the token that CreateGrant gave with it. */
export interface Grant {
  readonly id: string;
  readonly token: string;
  readonly name: string | undefined;
  readonly createdAt: number;
  readonly granteePrincipal: string;
  readonly retiringPrincipal: string | undefined;
  readonly issuingAccount: string;
  readonly operations: readonly string[];
  readonly constraints: GrantConstraints | undefined;
}
