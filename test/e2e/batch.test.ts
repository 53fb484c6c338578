import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/create-client.ts';
import type { RefusedError } from '../../src/client/refused-error.ts';
import type { BatchReEncryptItem } from '../../src/gen/kms/reencrypt/v1/BatchReEncryptItem.ts';
import type { ReEncryptRequest } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { closeAll, connect } from '../helpers/grpc-client.ts';
import { until } from '../helpers/until.ts';

const REQUEST: ReEncryptRequest = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

let aws: AwsProxy;
let client: Client;

beforeAll(async () => {
  aws = await startAwsProxy({
    settings: ['grpc.max_message_bytes=8388608', 'limits.per_principal.max_in_flight=20'],
  });
  client = createClient({ target: aws.proxy.endpoint });
});

beforeEach(() => aws.kms.forget());

afterAll(async () => {
  client.close();
  await aws.close();
});

const send = (items: readonly BatchReEncryptItem[]) =>
  client.batchReEncrypt(items, { timeoutMs: 10_000 });

const many = (count: number, request = REQUEST): BatchReEncryptItem[] =>
  Array.from({ length: count }, (_, index) => ({ reference: `item-${index}`, request }));

const refused = (call: Promise<unknown>): Promise<RefusedError> =>
  call.then(
    () => Promise.reject(new Error('it was not refused')),
    (thrown: RefusedError) => thrown,
  );

const reEncrypts = () => aws.kms.requests.filter(({ operation }) => operation === 'ReEncrypt');

describe('a batch', () => {
  const wrong = { ...REQUEST, destinationKeyId: '' };
  const CASES: readonly (readonly [string, ReEncryptRequest, kmsError: string])[] = [
    ['an allowed call', REQUEST, ''],
    ['a dry run', { ...REQUEST, dryRun: true }, ''],
    ['a call with wrong fields', { ...wrong, sourceEncryptionContext: { a: '' } }, ''],
    ['a call that KMS refuses', REQUEST, 'DisabledException'],
    ['a call that KMS throttles', REQUEST, 'ThrottlingException'],
  ];

  test.each(CASES)('answers %s as ReEncrypt does', async (_, request, name) => {
    if (name !== '') aws.kms.always({ kind: 'error', name }, 'ReEncrypt');
    const [result] = await send([{ reference: 'one', request }]);
    const alone = await client.reEncrypt(request).catch((thrown: RefusedError) => thrown);
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    if ('facts' in alone) {
      expect(result?.refused?.facts).toEqual({ ...alone.facts, decisionId: id });
      expect(result?.refused?.message).toBe(alone.message);
    } else {
      expect(result?.response).toEqual({ ...alone, decisionId: id });
    }
  });

  test('returns results in the order of its items, whichever is done first', async () => {
    aws.kms.next({ kind: 'answer', delayMs: 150 }, 'ReEncrypt');
    aws.kms.next({ kind: 'error', name: 'DisabledException', delayMs: 50 }, 'ReEncrypt');
    const results = await send(many(20));
    expect(results.map(({ reference }) => reference)).toEqual(
      many(20).map(({ reference }) => reference),
    );
    expect(results.filter(({ refused: no }) => no).length).toBe(1);
  });

  test('records each item under its own id, with the batch’s id as job', async () => {
    const stock = connect(aws.proxy.endpoint);
    const batch: string = await new Promise((resolve, reject) => {
      const call = stock.BatchReEncrypt({ items: many(3) }, (error) => error && reject(error));
      call.on('status', ({ metadata }) => resolve(String(metadata.get('decision_id')[0])));
    });
    closeAll(stock);
    const jobOf = (entry: Record<string, unknown>) =>
      (entry['input'] as { request?: { job?: string } } | undefined)?.request?.job;
    const ids = aws.proxy
      .entries()
      .filter((entry) => jobOf(entry) === batch)
      .map((entry) => entry['decision_id']);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) {
      const kinds = aws.proxy.entries().filter((entry) => entry['decision_id'] === id);
      expect(kinds.map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
    }
  });

  test('never has more calls in flight than its principal is allowed', async () => {
    aws.kms.always({ kind: 'answer', delayMs: 20 }, 'ReEncrypt');
    let inFlight = 0;
    let most = 0;
    aws.kms.watch(({ operation }) => {
      if (operation !== 'ReEncrypt') return;
      inFlight += 1;
      most = Math.max(most, inFlight);
      setTimeout(() => {
        inFlight -= 1;
      }, 15);
    });
    const results = await send(many(40));
    aws.kms.watch(undefined);
    expect(results.every(({ response }) => response)).toBe(true);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(20);
  });

  test('does not refuse its own items if few calls are admitted', async () => {
    const narrow = await startAwsProxy({
      settings: ['limits.max_in_flight=3', 'limits.max_queue=0'],
    });
    const itsClient = createClient({ target: narrow.proxy.endpoint });
    narrow.kms.always({ kind: 'answer', delayMs: 5 }, 'ReEncrypt');
    const results = await itsClient.batchReEncrypt(many(20));
    itsClient.close();
    await narrow.close();
    expect(results.filter(({ response }) => response)).toHaveLength(20);
  });

  test('may be empty', async () => {
    expect(await send([])).toEqual([]);
  });

  test('of 1,000 items is accepted', async () => {
    const results = await send(many(1000, wrong));
    expect(results.map((result) => result.refused?.facts.reason)).toEqual(
      Array(1000).fill('INVALID_REQUEST'),
    );
  });
});

describe('an item', () => {
  test.each([
    ['without a request', { reference: 'a' }, 'request must be set'],
    [
      'with too long a reference',
      { reference: 'r'.repeat(257), request: REQUEST },
      'reference must have at most 256 characters',
    ],
    [
      'with a reference that is not text',
      { reference: 'a\u{fffd}b', request: REQUEST },
      'reference must be valid Unicode, without U+FFFD',
    ],
  ])('%s is refused, and the others are not', async (_, item, sentence) => {
    const [wrong, right] = await send([item, { reference: 'b', request: REQUEST }]);
    expect(wrong).toMatchObject({
      reference: item.reference.slice(0, 256),
      refused: { message: sentence },
    });
    expect(right).toMatchObject({ reference: 'b', refused: undefined });
  });
});

describe('a whole batch is refused, with no item done,', () => {
  const LARGE = { ...REQUEST, ciphertextBlob: Buffer.alloc(6144) };

  test.each([
    ['of more than 1,000 items', many(1001), 'items must be at most 1000'],
    [
      'whose answer may be too large for clients',
      many(586, LARGE),
      'items must fit into an answer of 4194304 bytes: each takes its ciphertext, its reference and 1024 more',
    ],
    [
      'with an item that is larger than a call may be',
      [...many(1), ...many(1, { ...REQUEST, grantTokens: ['t'.repeat(256 * 1024)] })],
      'request must have items of at most 262144 bytes',
    ],
    [
      'of very many fields',
      many(500, {
        ...REQUEST,
        sourceEncryptionContext: Object.fromEntries(
          Array.from({ length: 80 }, (_, n) => [`k${n}`, 'v']),
        ),
      }),
      'request must have at most 90000 fields',
    ],
  ])('%s', async (_, items, sentence) => {
    const error = await refused(send(items));
    expect(error.facts).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
    expect(error.message).toBe(sentence);
    expect(reEncrypts()).toEqual([]);
  });

  test('that arrives while its principal has twelve under way', async () => {
    aws.kms.always({ kind: 'hang' }, 'ReEncrypt');
    const stop = new AbortController();
    const open = Array.from({ length: 12 }, () =>
      client.batchReEncrypt(many(1), { signal: stop.signal }).catch(() => {}),
    );
    await until(() => reEncrypts().length === 12);
    const { facts, message } = await refused(send(many(1)));
    expect(message).toBe(
      'The proxy limits requests: too many batches in flight for this principal.',
    );
    expect(facts).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'LIMITED' });
    expect(facts.retryAfterMs).toBe(1000);
    stop.abort();
    await Promise.all(open);
    aws.kms.always(undefined, 'ReEncrypt');
    await expect.poll(async () => (await send(many(1)))[0]?.refused).toBe(undefined);
  });
});

test('a batch that its caller cancels begins no further item, and counts as cancelled', async () => {
  aws.kms.always({ kind: 'hang' }, 'ReEncrypt');
  const stop = new AbortController();
  const call = refused(client.batchReEncrypt(many(100), { signal: stop.signal }));
  await until(() => reEncrypts().length === 20);
  stop.abort();
  expect((await call).facts).toMatchObject({ code: 'CANCELLED' });
  await expect.poll(() => handled('Canceled')).toBeGreaterThan(0);
  expect(reEncrypts().length).toBe(20);
});

async function handled(code: string): Promise<number> {
  const text = await aws.proxy.metrics();
  const series = `grpc_server_handled_total\\{[^}]*"BatchReEncrypt",grpc_code="${code}"\\} (\\d+)`;
  return Number(new RegExp(series).exec(text)?.[1] ?? 0);
}
