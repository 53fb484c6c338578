import { randomUUID } from 'node:crypto';
import { fingerprintOf, type Progress } from '../../src/call.ts';
import { aPermit } from '../../test/kms/permits.ts';

const CONTEXT = { tenant: 'acme', purpose: 'invoice-archive' };
const KEYS = {
  source: { keyId: 'alias/demo-source', encryptionContext: CONTEXT },
  destination: { keyId: 'alias/demo-destination', encryptionContext: CONTEXT },
};

const { call: whole, keys, decision } = aPermit(KEYS);
const principal = {
  id: '',
  kind: 'anonymous',
  authenticated: false,
  spiffe: { trustDomain: '', path: '' },
  attributes: {},
} as const;

const KEY_MATERIAL = Buffer.alloc(32, 0xab).toString('hex');

/** Ciphertexts are slices of what a transport reads, as in the proxy. */
const MESSAGE = Buffer.alloc(64 << 10);
const sliceAt = (index: number, length: number) =>
  MESSAGE.subarray(index % 1024, (index % 1024) + length);

/**
 * An allowed call as far as the stages bring it. The call is new each time, with contexts and a
 * ciphertext of its own; key facts and principal come from the cache, as nearly always.
 */
export function oneCall(index: number): Required<Progress> {
  const ciphertext = sliceAt(index, 184);
  const call = {
    ...whole,
    id: randomUUID(),
    ciphertext,
    fingerprint: fingerprintOf(ciphertext),
    source: { ...whole.source, encryptionContext: { ...CONTEXT } },
    destination: { ...whole.destination, encryptionContext: { ...CONTEXT } },
  };
  return {
    call,
    keys,
    decision,
    intended: true,
    principal,
    answer: {
      ciphertext: sliceAt(index, 192),
      sourceKeyArn: keys.source.keyArn,
      destinationKeyArn: keys.destination.keyArn,
      sourceAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationAlgorithm: 'SYMMETRIC_DEFAULT',
      sourceKeyMaterialId: KEY_MATERIAL,
      destinationKeyMaterialId: KEY_MATERIAL,
      dryRun: false,
      requestId: '7a1f0000-0000-4000-8000-00000000f00d',
      attempts: 1,
      latencyNs: 1_000_000,
    },
  };
}
