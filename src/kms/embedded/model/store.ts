import type { Grant } from './grant.ts';
import type { Key } from './key.ts';

export interface Alias {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  targetKeyId: string;
  readonly createdAt: number;
  updatedAt: number;
}

/** Every key and alias of every account and Region, found by what a request can name. */
export interface Store {
  key(arn: string): Key | undefined;
  /** A key of any account: what a ciphertext or a bare source key id names. */
  keyOfRegion(region: string, keyId: string): Key | undefined;
  keyOfGrantToken(token: string): Key | undefined;
  addGrant(key: Key, grant: Grant): void;
  removeGrant(key: Key, grant: Grant): void;
  addKey(key: Key): void;
  removeKey(key: Key): void;
  /** In the order of their key ids. */
  keys(): readonly Key[];
  alias(arn: string): Alias | undefined;
  addAlias(alias: Alias): void;
  removeAlias(alias: Alias): void;
  /** In the order of their names. */
  aliases(): readonly Alias[];
}

export function createStore(): Store {
  const keys = new Map<string, Key>();
  const byRegion = new Map<string, Key>();
  const aliases = new Map<string, Alias>();
  const byGrantToken = new Map<string, Key>();
  const place = (region: string, keyId: string) => `${region}/${keyId}`;

  return {
    key: (arn) => keys.get(arn),
    keyOfRegion: (region, keyId) => byRegion.get(place(region, keyId)),
    keyOfGrantToken: (token) => byGrantToken.get(token),
    addGrant: (key, grant) => {
      key.grants.set(grant.id, grant);
      for (const token of grant.tokens) byGrantToken.set(token, key);
    },
    removeGrant: (key, grant) => {
      key.grants.delete(grant.id);
      for (const token of grant.tokens) byGrantToken.delete(token);
    },
    addKey: (key) => {
      keys.set(key.arn, key);
      for (const grant of key.grants.values()) {
        for (const token of grant.tokens) byGrantToken.set(token, key);
      }
      byRegion.set(place(key.region, key.keyId), key);
    },
    removeKey: (key) => {
      keys.delete(key.arn);
      byRegion.delete(place(key.region, key.keyId));
      for (const grant of key.grants.values()) {
        for (const token of grant.tokens) byGrantToken.delete(token);
      }
      key.family.members.splice(key.family.members.indexOf(key), 1);
      for (const alias of aliases.values()) {
        if (alias.account === key.account && alias.region === key.region) {
          if (alias.targetKeyId === key.keyId) aliases.delete(alias.arn);
        }
      }
    },
    keys: () => [...keys.values()].sort((a, b) => order(a.keyId, b.keyId)),
    alias: (arn) => aliases.get(arn),
    addAlias: (alias) => aliases.set(alias.arn, alias),
    removeAlias: (alias) => aliases.delete(alias.arn),
    aliases: () => [...aliases.values()].sort((a, b) => order(a.name, b.name)),
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
