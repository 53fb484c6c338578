import { type Call, type CallSide, fingerprintOf, type KeyFacts } from '../../src/call.ts';
import { type Permit, permit } from '../../src/policy/permit.ts';
import { PLAIN_CALL, PLAIN_DECISION, PLAIN_KEY } from '../helpers/plain-values.ts';

export const SOURCE_ARN =
  'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
export const DESTINATION_ARN =
  'arn:aws:kms:eu-west-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321';

interface Wanted {
  readonly call?: Partial<Omit<Call, 'source' | 'destination'>>;
  readonly source?: Partial<CallSide>;
  readonly destination?: Partial<CallSide>;
  readonly sourceFacts?: Partial<KeyFacts>;
  readonly destinationFacts?: Partial<KeyFacts>;
}

/** A permit for an allowed call from `alias/app` to `alias/app-new`, with overrides. */
export function aPermit(wanted: Wanted = {}): Permit {
  const source: CallSide = { ...side('alias/app'), ...wanted.source };
  const destination: CallSide = { ...side('alias/app-new'), ...wanted.destination };
  const { ciphertext = Uint8Array.of(1, 2, 3) } = wanted.call ?? {};
  const call: Call = {
    ...PLAIN_CALL,
    ciphertext,
    fingerprint: fingerprintOf(ciphertext),
    signal: new AbortController().signal,
    ...wanted.call,
    source,
    destination,
  };
  const keys = {
    source: { ...facts(source.keyId, SOURCE_ARN), ...wanted.sourceFacts },
    destination: { ...facts(destination.keyId, DESTINATION_ARN), ...wanted.destinationFacts },
  };
  const decision = { ...PLAIN_DECISION, allowUnknownSource: true };
  return permit({ call, keys, decision });
}

export function side(keyId: string): CallSide {
  return {
    keyId,
    encryptionContext: Object.freeze({ tenant: 'a' }),
    algorithm: 'SYMMETRIC_DEFAULT',
  };
}

function facts(requestedKeyId: string, keyArn: string): KeyFacts {
  return {
    known: requestedKeyId !== '',
    requestedKeyId,
    keyIdForm: requestedKeyId === '' ? '' : 'alias_name',
    keyArn: requestedKeyId === '' ? '' : keyArn,
    partition: 'aws',
    account: '111122223333',
    region: 'eu-west-1',
    keyId: keyArn.slice(-36),
    alias: requestedKeyId,
    aliases: [],
    tags: {},
    ...PLAIN_KEY,
    factsOff: [],
  };
}
