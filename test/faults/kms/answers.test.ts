import type { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TRANSPORTS } from '../../helpers/aws-proxy.ts';
import { type Behaviour, EMPTY_200, FAKE_REGION, HTML_503 } from '../../helpers/fake-kms.ts';
import { reportTrials, trials } from '../trials.ts';
import { type ProxyApart, startProxyApart } from './apart.ts';
import { BEYOND_MS, inRounds, inWords } from './rounds.ts';

const error = (name: string, http = 400): Behaviour => ({ kind: 'error', name, status: http });
const changed = (change: Readonly<Record<string, unknown>>): Behaviour => ({
  kind: 'answer',
  change,
});
const OTHER = `arn:aws:kms:${FAKE_REGION}:111122223333:key/ffffffff-0000-4000-8000-000000000000`;

// biome-ignore format: a table reads best with a fault a line.
const FAULTS: readonly (readonly [string, Behaviour, keyof typeof status])[] = [
  ['hangs', { kind: 'hang' }, 'DEADLINE_EXCEEDED'],
  ['sends its body too slowly', { kind: 'slow_body', everyMs: 200 }, 'DEADLINE_EXCEEDED'],
  ['asks to try again in 3 s', { kind: 'raw', status: 503, body: '{}', headers: { 'retry-after': '3' } }, 'UNAVAILABLE'],
  ['resets', { kind: 'reset' }, 'UNAVAILABLE'],
  ['cuts its body short', { kind: 'cut_body' }, 'UNAVAILABLE'],
  ['answers an empty 200', EMPTY_200, 'FAILED_PRECONDITION'],
  ['answers a page of a load balancer', HTML_503, 'UNAVAILABLE'],
  ['answers that page as a 200', { ...HTML_503, status: 200 }, 'UNAVAILABLE'],
  ['reports another destination key', changed({ KeyId: OTHER }), 'FAILED_PRECONDITION'],
  ['reports another source key', changed({ SourceKeyId: OTHER }), 'FAILED_PRECONDITION'],
  ['throttles', error('ThrottlingException'), 'RESOURCE_EXHAUSTED'],
  ['fails inside', error('KMSInternalException', 500), 'UNAVAILABLE'],
  ['denies', error('AccessDeniedException'), 'PERMISSION_DENIED'],
  ['knows no such key', error('NotFoundException'), 'NOT_FOUND'],
  ['finds the key disabled', error('DisabledException'), 'FAILED_PRECONDITION'],
  ['cannot decrypt', error('InvalidCiphertextException'), 'INVALID_ARGUMENT'],
  ['finds our token expired', error('ExpiredTokenException'), 'UNAVAILABLE'],
];

describe.each(TRANSPORTS)('F9 over the %s transport: a KMS that', (transport) => {
  let apart: ProxyApart;

  beforeAll(async () => {
    apart = await startProxyApart(transport);
  });
  afterAll(() => apart.close());

  test.each(FAULTS)('%s yields its status in time, not OK', async (name, behaviour, code) => {
    const count = trials(100);
    const { kms } = apart;
    let asked = 0;
    const { codes, median, slowest } = await inRounds(apart, count, {
      code,
      begin() {
        kms.forget();
        kms.always(behaviour, 'ReEncrypt');
      },
      end() {
        asked += kms.requests.length;
        kms.always(undefined, 'ReEncrypt');
      },
    });
    expect([...codes]).toEqual([code]);
    expect(slowest).toBeLessThan(BEYOND_MS);
    reportTrials({
      fault: `F9 ${transport} ${name}, ${inWords(code, { median, slowest })}`,
      trials: count,
      injections: asked,
    });
  });
});
