import { createSecretKey, type KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { readRegular } from '../../files/regular.ts';
import { ofSettingSync } from '../../thrown.ts';
import type { AccessKeys } from './sigv4.ts';

interface AccessKeySetting {
  readonly id: string;
  readonly secret_file: string;
}

/** Reads the secrets. @throws Error naming the setting and the file. */
export function readAccessKeys(settings: readonly AccessKeySetting[]): AccessKeys {
  const keys = new Map<string, KeyObject>();
  for (const [index, setting] of settings.entries()) {
    keys.set(setting.id, createSecretKey(readSecret(setting, index)));
  }
  return keys;
}

/** Bytes, because copies of a string would stay in memory. @throws Error as above */
export function readSecret({ secret_file: file }: AccessKeySetting, index: number): Buffer {
  return ofSettingSync(`kms_json.access_keys.${index}.secret_file`, () => secretIn(file));
}

function secretIn(file: string): Buffer {
  if ((statSync(file).mode & 0o007) !== 0) {
    throw new Error(`everyone can read ${file}: make its mode 0640 or 0600`);
  }
  const secret = readRegular(file);
  const end = secret.findLastIndex((byte) => byte > 0x20) + 1;
  if (end === 0) throw new Error(`${file} is empty`);
  return secret.subarray(0, end);
}
