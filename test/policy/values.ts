import { readFileSync } from 'node:fs';
import {
  type Call,
  type Decision,
  fingerprintOf,
  type KeyFacts,
  type Resolved,
} from '../../src/call.ts';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import { PLAIN_KEY } from '../helpers/key-description.ts';

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
    id: '00000000-0000-4000-8000-000000000001',
    action: 'kms:ReEncrypt',
    transport: 'grpc',
    arrival: { peer: '127.0.0.1:4', socketIdentity: '', authorization: '', accessKeyId: '' },
    ciphertext,
    fingerprint: fingerprintOf(ciphertext),
    source: { ...side, keyId: 'alias/demo-source' },
    destination: { ...side, keyId: 'alias/demo-destination' },
    grantTokens: [],
    dryRun: false,
    dryRunModifiers: [],
    job: '',
    traceId: '',
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
  return {
    phase: 'request',
    effect: 'allow',
    failure: '',
    reasons: [],
    rule: 'r',
    allowUnknownSource: false,
    sourceRequired: false,
    labels: {},
    revision: '1',
    enforced: true,
    evaluationNs: 1,
    bundle: undefined,
    ...more,
  };
}

export const archive = (path: string): Buffer => readFileSync(path);
