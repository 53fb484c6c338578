import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCauseLog } from '../../src/app/causes.ts';
import type { Progress } from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { ANSWER } from '../kms/answers.ts';
import { openPoint } from '../policy/open-point.ts';
import { HAZARDS, resolved } from '../policy/values.ts';

const CALL = {
  ciphertextBlob: Buffer.from('any'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

test.each([
  [
    'conflict',
    'POLICY_FAILED',
    /^policy could not decide a call: hazards\.rego:\d+:\d+: .*conflict$/,
  ],
  ['unheard-of', 'POLICY_UNDEFINED', /: the entrypoint is undefined for this input$/],
  ['loop', 'POLICY_TIMEOUT', /: the policy does too much work for policy.timeout_ms$/],
  ['proto', 'POLICY_INVALID', /: the decision has a field '…'$/],
])(
  'why policy could not decide is logged, enforced or not, once a second: %s',
  async (job, reason, why) => {
    const lines: unknown[][] = [];
    let now = 0;
    const tell = createCauseLog({ warn: (...line: unknown[]) => void lines.push(line) }, () => now);
    const source = HAZARDS;
    const point = await openPoint({ source, enforce: false });
    const judged = resolved({ job });
    const progress = { ...judged, decision: point.decide(judged, 'request') };
    for (now of [0, 999, 1_000]) tell(progress);
    await point.close();
    const fields = expect.objectContaining({ decision_id: judged.call.id, reason });
    expect(lines).toEqual(Array(2).fill([fields, expect.stringMatching(why)]));
  },
);

test.each<[string, Pick<Progress, 'intended' | 'answer'>, number]>([
  ['before KMS was asked', {}, 0],
  ['while KMS had its request', { intended: true }, 1],
  ['after KMS answered', { intended: true, answer: ANSWER }, 0],
])('a call whose time ended %s has a line of KMS: %o', (_, reached, lines) => {
  const warn = vi.fn();
  const tell = createCauseLog({ warn }, () => 0);
  tell({ ...resolved({}), ...reached }, new Refusal('DEADLINE_EXCEEDED'));
  expect(warn).toHaveBeenCalledTimes(lines);
});

describe('a call that fails at KMS', () => {
  let around: AwsProxy;
  beforeEach(async () => {
    around = await startAwsProxy();
  });
  afterEach(() => around.close());

  const refused = () => refusalOf(reEncrypt(around.client, CALL));
  const causes = () =>
    around.proxy.logged
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg.startsWith('a call failed at KMS'));

  test('why KMS refused a call is logged under its decision id, at most once a second', async () => {
    const message = 'User: arn:aws:sts::111122223333:assumed-role/app is not authorized';
    around.kms.always({ kind: 'error', name: 'AccessDeniedException', message }, 'ReEncrypt');
    const { decisionId, reason } = await refused();
    await refused();
    expect(reason).toBe('KMS_ACCESS_DENIED');
    const [cause, ...more] = causes();
    expect(more).toEqual([]);
    expect(cause).toMatchObject({
      decision_id: decisionId,
      reason,
      code: 'AccessDeniedException',
      msg: `a call failed at KMS: ${message}`,
    });
  });

  test('why facts of a key are unavailable is logged, without the request that AWS repeats', async () => {
    const message = 'The signature does not match.\n\nThe Canonical String: x-amz-security-token:T';
    around.kms.always({ kind: 'error', name: 'InvalidSignatureException', message }, 'DescribeKey');
    const { decisionId, reason } = await refused();
    expect(causes()).toMatchObject([
      {
        decision_id: decisionId,
        reason: 'KEY_FACTS_UNAVAILABLE',
        code: 'InvalidSignatureException',
        msg: 'a call failed at KMS: The signature does not match.',
      },
    ]);
    expect(reason).toBe('KEY_FACTS_UNAVAILABLE');
  });

  test('that KMS does not answer when asked about a key is logged', async () => {
    around.kms.always({ kind: 'hang' }, 'DescribeKey');
    expect((await refused()).reason).toBe('KEY_FACTS_UNAVAILABLE');
    expect(causes()).toMatchObject([
      { code: 'TimeoutError', msg: 'a call failed at KMS: it did not answer in time' },
    ]);
  }, 15_000);

  test('that a call’s time ended before KMS answered is logged', async () => {
    around.kms.always({ kind: 'hang' }, 'ReEncrypt');
    await expect(reEncrypt(around.client, CALL, 500)).rejects.toThrow('DEADLINE_EXCEEDED');
    const told = () => around.proxy.logged.filter((line) => line.includes('before KMS answered'));
    await expect.poll(told).toHaveLength(1);
  });

  test('only the beginning of a very long message is logged', async () => {
    const message = 'a'.repeat(499) + 'b'.repeat(10_000);
    around.kms.always({ kind: 'error', name: 'AccessDeniedException', message }, 'ReEncrypt');
    await refused();
    expect(causes()).toMatchObject([{ msg: `a call failed at KMS: ${'a'.repeat(499)}b` }]);
  });

  test('an error of STS is logged as one of the credentials, never as one of KMS', async () => {
    const error = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const sts = createServer((_, answer) =>
      answer.writeHead(403).end(`<ErrorResponse>${error}</ErrorResponse>`),
    ).listen(0, '127.0.0.1');
    await once(sts, 'listening');
    const { port } = sts.address() as AddressInfo;
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::111122223333:role/app');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', 'package.json');
    vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${port}`);
    const { metadata } = await refused();
    vi.unstubAllEnvs();
    sts.close();
    expect(metadata).not.toHaveProperty('kms_error');
    expect(causes()).toMatchObject([
      { code: 'CredentialsProviderError', msg: 'a call failed at KMS: no credentials: no' },
    ]);
  });

  test('a caller’s own mistake is not logged', async () => {
    around.kms.always({ kind: 'error', name: 'InvalidCiphertextException' }, 'ReEncrypt');
    expect((await refused()).reason).toBe('KMS_INVALID_CIPHERTEXT');
    expect(causes()).toEqual([]);
  });

  test('what KMS reported is logged where its result is withheld for it', async () => {
    around.kms.always(
      { kind: 'answer', change: { SourceEncryptionAlgorithm: undefined } },
      'ReEncrypt',
    );
    const { decisionId, reason } = await refused();
    expect(reason).toBe('CONFIRM_MISMATCH');
    const told = around.proxy.logged.map((line) => JSON.parse(line));
    expect(told).toContainEqual(
      expect.objectContaining({
        level: 40,
        decision_id: decisionId,
        reason,
        side: 'source',
        msg: 'a result of KMS is withheld: KMS reported source algorithm (none)',
      }),
    );
  });
});
