import type { KeyDescription } from '../../src/call.ts';

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
