import { Metadata } from '@grpc/grpc-js';
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

test.each([
  ['plain', 'a denial '.repeat(113), false],
  ['beyond ASCII', '漢'.repeat(1_024), true],
  ['of pairs that must not be cut', '😀'.repeat(512), true],
])(
  'trailers with the longest message of a policy, %s, are what clients take',
  (_, sentence, cut) => {
    const refusal = new Refusal('POLICY_DENIED', { sentence, rule: '漢'.repeat(256) });
    const { details = '', metadata } = toStatus(refusal, 'id');
    const headers = (metadata ?? new Metadata()).toHttp2Headers();
    const bin = String(headers['grpc-status-details-bin']);
    // Java and gRPC's C core take 8 KiB, with the names and 32 bytes for each.
    expect(encodeURI(details).length + bin.length).toBeLessThan(7 * 1_024);
    expect(details).toBe(cut ? `${sentence.slice(0, details.length - 1)}…` : sentence);
  },
);
