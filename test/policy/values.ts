import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Call,
  type Decision,
  fingerprintOf,
  type KeyFacts,
  type Resolved,
} from '../../src/call.ts';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import { PLAIN_CALL, PLAIN_DECISION, PLAIN_KEY } from '../helpers/plain-values.ts';
import { withFile } from './tar.ts';

export const EXAMPLE = 'policies/bundle.tar.gz';
export const HAZARDS = 'test/fixtures/policies/hazards/bundle.tar.gz';
export const NOON = Date.parse('2026-11-23T12:34:56.789Z');

export function keyFacts(alias: string, more: Partial<KeyFacts> = {}): KeyFacts {
  const keyId = `key-of-${alias.replace('alias/', '')}`;
  return {
    known: true,
    requestedKeyId: alias,
    keyIdForm: 'alias_name',
    keyArn: `arn:aws:kms:eu-west-1:111122223333:key/${keyId}`,
    partition: 'aws',
    account: '111122223333',
    region: 'eu-west-1',
    keyId,
    alias,
    aliases: [alias],
    tags: {},
    ...PLAIN_KEY,
    factsOff: [],
    ...more,
  };
}

export const UNKNOWN: KeyFacts = keyFacts('', {
  known: false,
  requestedKeyId: '',
  keyIdForm: '',
  keyArn: '',
  partition: '',
  account: '',
  region: '',
  keyId: '',
  aliases: [],
  spec: '',
  usage: '',
  origin: '',
  manager: '',
  state: '',
});

export function aCall(more: Partial<Call> = {}): Call {
  const side = {
    keyId: '',
    encryptionContext: { tenant: 'a' },
    algorithm: 'SYMMETRIC_DEFAULT',
  } as const;
  const { ciphertext = new TextEncoder().encode('ciphertext') } = more;
  return {
    ...PLAIN_CALL,
    ciphertext,
    fingerprint: fingerprintOf(ciphertext),
    source: { ...side, keyId: 'alias/demo-source' },
    destination: { ...side, keyId: 'alias/demo-destination' },
    receivedAt: NOON,
    signal: new AbortController().signal,
    ...more,
  };
}

export function resolved(call: Partial<Call> = {}, more: Partial<Resolved> = {}): Resolved {
  return {
    call: aCall(call),
    principal: ANONYMOUS,
    keys: {
      source: keyFacts('alias/demo-source'),
      destination: keyFacts('alias/demo-destination'),
    },
    ...more,
  };
}

export function aDecision(more: Partial<Decision> = {}): Decision {
  return { ...PLAIN_DECISION, ...more };
}

export const archive = (path: string): Buffer => readFileSync(path);

/** The example policy, or another, with other data. */
export const withData = (data: unknown, bundle = EXAMPLE): Buffer =>
  withFile(archive(bundle), '/data.json', () => JSON.stringify(data));

/** Keys that the example policy is not for. */
export const elsewhere = {
  keys: { source: keyFacts('alias/x'), destination: keyFacts('alias/demo-destination') },
};

/** A new file of these bytes, in a folder of its own. */
export function bundleFile(bytes: Buffer): string {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), 'bundle.tar.gz');
  writeFileSync(file, bytes);
  return file;
}
