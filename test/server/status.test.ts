import { expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { createStatusWriter } from '../../src/server/status.ts';

const { toStatus } = createStatusWriter();

test.each([
  // A client of gRPC must not retry by itself; how long to wait is said only where that is known.
  ['LIMITED', 'forbids', 'says when'],
  ['KMS_THROTTLED', 'forbids', 'says when'],
  ['AUDIT_UNAVAILABLE', 'forbids', 'says no time'],
  ['KMS_UNAVAILABLE', 'lets', 'says when'],
  ['POLICY_DENIED', 'lets', 'says no time'],
] as const)('the status of %s %s retries and %s', (reason, retries, time) => {
  const { metadata } = toStatus(new Refusal(reason), 'id');
  const pushback = metadata?.get('grpc-retry-pushback-ms');
  expect(pushback).toEqual(retries === 'forbids' ? ['-1'] : []);
  const [details = ''] = metadata?.get('grpc-status-details-bin') ?? [];
  expect(details.includes('google.rpc.RetryInfo')).toBe(time === 'says when');
});
