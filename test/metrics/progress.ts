import type { Call, Decision, Principal, Progress } from '../../src/call.ts';

const side = { keyId: 'alias/a', encryptionContext: {}, algorithm: 'SYMMETRIC_DEFAULT' } as const;

const call: Call = {
  id: '00000000-0000-4000-8000-000000000000',
  action: 'kms:ReEncrypt',
  transport: 'grpc',
  arrival: { peer: '127.0.0.1:1', socketIdentity: '', authorization: '', accessKeyId: '' },
  ciphertext: new Uint8Array([1]),
  fingerprint: '',
  source: side,
  destination: side,
  grantTokens: [],
  dryRun: false,
  dryRunModifiers: [],
  job: '',
  traceId: '',
  receivedAt: 0,
  signal: new AbortController().signal,
};

const principal: Principal = {
  id: '',
  kind: 'anonymous',
  authenticated: false,
  spiffe: { trustDomain: '', path: '' },
  attributes: {},
};

/** What is known of a call at its end. */
export function callOf(more: Partial<Progress>): Progress {
  return { call, principal, ...more };
}

/** A denial by a policy rule, about the source. */
export function deny(rule: string): Decision {
  return {
    phase: 'request',
    effect: 'deny',
    failure: '',
    reasons: [{ code: 'no', message: 'No.', side: 'source' }],
    rule,
    allowUnknownSource: false,
    sourceRequired: false,
    labels: {},
    revision: 'r',
    enforced: true,
    evaluationNs: 8_000,
    bundle: undefined,
  };
}
