import type { KeyObject } from 'node:crypto';
import type { Grant } from './grant.ts';
import type { KeyPolicy } from './policy.ts';
import type { KeySpec, KeyUsage } from './spec.ts';

export type KeyState =
  | 'Enabled'
  | 'Disabled'
  | 'PendingDeletion'
  | 'PendingReplicaDeletion'
  | 'PendingImport';

/** One version of a key's secret. A key of origin EXTERNAL may lose `secret` and get it back. */
export interface Material {
  /** 64 hex characters, the same for every key of a multi-Region family. */
  readonly id: string;
  secret: KeyObject | undefined;
  state: 'CURRENT' | 'NON_CURRENT' | 'PENDING_ROTATION';
  /** Milliseconds since the Unix epoch at which an imported secret is forgotten. */
  validTo: number | undefined;
  description: string | undefined;
  rotation: { readonly at: number; readonly type: 'AUTOMATIC' | 'ON_DEMAND' } | undefined;
}

/** What the keys of a multi-Region family share. */
export interface Family {
  readonly materials: Material[];
  readonly members: Key[];
  rotation: { periodInDays: number; next: number } | undefined;
  onDemandRotations: number;
}

/** One key of one account and Region. */
export interface Key {
  readonly arn: string;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly createdAt: number;
  readonly family: Family;
  multiRegion: 'PRIMARY' | 'REPLICA' | undefined;
  description: string;
  enabled: boolean;
  deletion: { readonly windowInDays: number; readonly at: number | undefined } | undefined;
  policy: KeyPolicy;
  readonly tags: Map<string, string>;
  readonly grants: Map<string, Grant>;
}

/** The state that KMS would report now. */
export function stateOf(key: Key): KeyState {
  if (key.deletion) {
    return key.deletion.at === undefined ? 'PendingReplicaDeletion' : 'PendingDeletion';
  }
  if (lacksMaterial(key)) return 'PendingImport';
  return key.enabled ? 'Enabled' : 'Disabled';
}

/** An imported key needs every material that ever was current, or old ciphertexts would not open. */
function lacksMaterial(key: Key): boolean {
  if (key.origin === 'AWS_KMS') return false;
  const used = key.family.materials.filter(({ state }) => state !== 'PENDING_ROTATION');
  return used.length === 0 || used.some(({ secret }) => !secret);
}

export function current(key: Key): Material | undefined {
  return key.family.materials.find(({ state }) => state === 'CURRENT');
}
