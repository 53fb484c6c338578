import { expect } from 'vitest';
import type { Operations } from '../../../src/kms/embedded/embedded.ts';

type Input<K extends keyof Operations> = Parameters<Operations[K]>[0];
type Output<K extends keyof Operations> = ReturnType<Operations[K]>;

/** One KMS under contract, however it is reached. */
export interface Driver {
  /** Region of calls that name no other. */
  readonly region: string;
  readonly account: string;
  call<K extends keyof Operations>(operation: K, input: Input<K>): Promise<Output<K>>;
  /** The same KMS through another Region's endpoint, or called by another principal. */
  as(caller: { region?: string; principal?: string }): Driver;
}

/** Principals that every driver can call as, beside the root of the usual account. */
export const ALICE = 'arn:aws:iam::111122223333:user/alice';
export const STRANGER = 'arn:aws:iam::444455556666:user/stranger';
export const REGION = 'eu-west-1';
export const ACCOUNT = '111122223333';

export interface Case {
  readonly name: string;
  /** Makes RSA keys, so only the interop suite runs it. */
  readonly slow?: true;
  run(kms: Driver): Promise<void>;
}

/** Expects a refusal with this error name, and with this message if one is given. */
export async function refused(
  call: Promise<unknown>,
  code: string,
  message?: string | RegExp,
): Promise<void> {
  const error = await call.then(
    () => expect.fail(`${code} expected, but it was done`),
    (thrown: unknown) => thrown as { code?: string; name: string; message: string },
  );
  expect(error.code ?? error.name).toBe(code);
  if (typeof message === 'string') expect(error.message).toBe(message);
  else if (message) expect(error.message).toMatch(message);
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (plain: Uint8Array | undefined): string => new TextDecoder().decode(plain);

export async function symmetricKey(kms: Driver) {
  return (await kms.call('CreateKey', {})).KeyMetadata;
}

/** RSA keys are slow to make: those that no case changes are seeded, or made once per run. */
export async function sharedKey(
  kms: Driver,
  KeySpec: 'RSA_2048' | 'RSA_3072',
  KeyUsage: 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' = 'ENCRYPT_DECRYPT',
): Promise<string> {
  const AliasName = `alias/contract-${KeySpec}-${KeyUsage}`;
  const known = await kms.call('DescribeKey', { KeyId: AliasName }).catch(() => undefined);
  if (known) return known.KeyMetadata.Arn;
  const { KeyMetadata } = await kms.call('CreateKey', { KeySpec, KeyUsage });
  await kms.call('CreateAlias', { AliasName, TargetKeyId: KeyMetadata.KeyId });
  return KeyMetadata.Arn;
}
