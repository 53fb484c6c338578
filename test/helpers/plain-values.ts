import type { Arrival, Call, Decision, KeyDescription } from '../../src/call.ts';

/**
 * The values that stages hand on, where nothing about them is special. Tests add what they are about, so that a
 * new field is added here and not in each of them.
 */

/** A connection that shows nothing of who is at its other end. */
export const PLAIN_ARRIVAL: Arrival = {
  peer: '127.0.0.1:1',
  socketIdentity: '',
  authorization: '',
  accessKeyId: '',
};

/** A call without its sides, its ciphertext and how it ends. */
export const PLAIN_CALL: Omit<
  Call,
  'source' | 'destination' | 'ciphertext' | 'fingerprint' | 'signal'
> = {
  id: '00000000-0000-4000-8000-000000000001',
  action: 'kms:ReEncrypt',
  transport: 'grpc',
  arrival: PLAIN_ARRIVAL,
  grantTokens: [],
  dryRun: false,
  dryRunModifiers: [],
  job: '',
  traceId: '',
  receivedAt: 0,
};

/** What DescribeKey answers for most keys. */
export const PLAIN_KEY: Omit<KeyDescription, 'arn' | 'keyId'> = {
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  manager: 'CUSTOMER',
  state: 'Enabled',
  multiRegion: false,
  multiRegionType: '',
  createdAt: 1_735_689_600_000,
};

/** An allow that is enforced. */
export const PLAIN_DECISION: Decision = {
  phase: 'request',
  effect: 'allow',
  failure: '',
  reasons: [],
  rule: 'r',
  allowUnknownSource: false,
  sourceRequired: false,
  labels: {},
  revision: 'r1',
  enforced: true,
  evaluationNs: 1,
  bundle: undefined,
};
