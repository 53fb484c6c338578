import { createHash } from 'node:crypto';
import {
  type Call,
  type Decision,
  fingerprintOf,
  type KeyFacts,
  type KmsAnswer,
  type Principal,
  type Progress,
} from '../../src/call.ts';
import { PLAIN_ARRIVAL, PLAIN_CALL, PLAIN_DECISION, PLAIN_KEY } from '../helpers/plain-values.ts';

/** A version 4 UUID made of a number, so that a test can name the call again. */
export function idOf(number: number): string {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function context(pairs: Record<string, string>): Readonly<Record<string, string>> {
  return Object.freeze(Object.assign(Object.create(null), pairs));
}

export const SOURCE: KeyFacts = {
  known: true,
  requestedKeyId: 'alias/orders',
  keyIdForm: 'alias_name',
  keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  partition: 'aws',
  account: '111122223333',
  region: 'eu-central-1',
  keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  alias: 'alias/orders',
  aliases: ['alias/orders'],
  tags: { team: 'orders' },
  ...PLAIN_KEY,
  factsOff: [],
};

export const DESTINATION: KeyFacts = {
  ...SOURCE,
  requestedKeyId: 'alias/orders-2026',
  alias: 'alias/orders-2026',
  aliases: ['alias/orders-2026'],
  keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/9876abcd-12ab-34cd-56ef-1234567890ab',
  keyId: '9876abcd-12ab-34cd-56ef-1234567890ab',
};

export const PRINCIPAL: Principal = {
  id: 'spiffe://example.org/ns/orders/sa/api',
  kind: 'spiffe',
  authenticated: true,
  spiffe: { trustDomain: 'example.org', path: '/ns/orders/sa/api' },
  attributes: {},
};

export const ALLOW: Decision = {
  ...PLAIN_DECISION,
  rule: 'orders-rotate',
  revision: '2026-11-23',
  evaluationNs: 5_000,
};

export const DENY: Decision = {
  ...ALLOW,
  effect: 'deny',
  rule: 'default',
  reasons: [{ code: 'tenant_changed', message: 'tenant is acme, was globex', side: 'destination' }],
};

export const ANSWER: KmsAnswer = {
  ciphertext: Buffer.from('new ciphertext'),
  sourceKeyArn: SOURCE.keyArn,
  destinationKeyArn: DESTINATION.keyArn,
  sourceAlgorithm: 'SYMMETRIC_DEFAULT',
  destinationAlgorithm: 'SYMMETRIC_DEFAULT',
  sourceKeyMaterialId: '',
  destinationKeyMaterialId: '',
  dryRun: false,
  requestId: 'd3f1c0a2-0000-4000-8000-000000000000',
  attempts: 1,
  latencyNs: 1_500_000,
};

export function callOf(number: number, changes: Partial<Call> = {}): Call {
  const { ciphertext = Buffer.from(`ciphertext ${number}`) } = changes;
  return {
    ...PLAIN_CALL,
    id: idOf(number),
    arrival: { ...PLAIN_ARRIVAL, peer: '127.0.0.1:50000' },
    ciphertext,
    fingerprint: fingerprintOf(ciphertext),
    source: {
      keyId: 'alias/orders',
      encryptionContext: context({ tenant: `tenant-${number % 7}`, purpose: 'invoice' }),
      algorithm: 'SYMMETRIC_DEFAULT',
    },
    destination: {
      keyId: 'alias/orders-2026',
      encryptionContext: context({ tenant: `tenant-${number % 7}` }),
      algorithm: 'SYMMETRIC_DEFAULT',
    },
    receivedAt: 1_795_000_000_000,
    signal: new AbortController().signal,
    ...changes,
  };
}

/** An allowed call, before KMS is asked. */
export function judged(number: number, changes: Partial<Progress> = {}): Progress {
  return {
    call: callOf(number),
    principal: PRINCIPAL,
    keys: { source: SOURCE, destination: DESTINATION },
    decision: ALLOW,
    ...changes,
  };
}

export function intended(number: number): Progress {
  return judged(number, { intended: true });
}

/** The same call once KMS has answered. */
export function answered(number: number): Progress {
  return { ...intended(number), answer: ANSWER };
}
