import { createHash, createHmac } from 'node:crypto';
import { openSync, readFileSync, readSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import process from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { parseJson } from '../../src/json/exact.ts';
import { loadService } from '../../src/server/service.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { FAKE_REGION, type FakeKms, fakeKeyArn } from '../helpers/fake-kms.ts';
import { reEncrypt } from '../helpers/grpc-client.ts';
import type { RunningProxy } from '../helpers/proxy.ts';
import { framed, sendRaw } from '../helpers/raw-call.ts';

/** The fault suite runs more. */
const RUNS = Number(process.env['FAITHFUL_RUNS'] ?? 80);
const AT_ONCE = 16;
const NS_PER_MS = 1_000_000n;

let aws: AwsProxy;
let kms: FakeKms;
let proxy: RunningProxy;
let client: ReEncryptServiceClient;
let installKey: Buffer;
let entryOf: (decisionId: string) => Intent;

beforeAll(async () => {
  aws = await startAwsProxy();
  ({ kms, proxy, client } = aws);
  entryOf = entryReader(`${proxy.folder}/audit.jsonl`);
  installKey = readFileSync(`${proxy.folder}/audit.jsonl.hmac-key`);
});

afterAll(() => aws.close());

const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['__proto__', 'constructor', 'toString', 'é', 'e\u0301', '\u0000', '\u2028', '0', '1e3'],
      ...['"', '\\', '\uFFFD', '{}', ' ', '10', '9', '\u{1F511}', '<', '&'],
    ),
  },
);
const context = fc.dictionary(text, text, { maxKeys: 6, noNullPrototype: false });
const uuid = '1234abcd-12ab-34cd-56ef-1234567890ab';
/** Only 200, so that the test spends its time on calls and not on six look-ups for each. */
const keyIds = fc.sample(
  fc.oneof(
    fc.stringMatching(/^alias\/[a-zA-Z0-9/_-]{1,30}$/),
    fc.uuid(),
    fc.constantFrom(
      `arn:aws:kms:${FAKE_REGION}:111122223333:key/${uuid}`,
      `arn:aws:kms:${FAKE_REGION}:111122223333:alias/a`,
      `mrk-${'0'.repeat(32)}`,
      'alias/mrk-1',
    ),
  ),
  { numRuns: 200, seed: 1 },
);
const keyId = fc.constantFrom(...keyIds);
const call = fc.record({
  ciphertextBlob: fc.uint8Array({ minLength: 16, maxLength: 64 }),
  sourceKeyId: keyId,
  sourceEncryptionContext: context,
  destinationKeyId: keyId,
  destinationEncryptionContext: context,
});

/**
 * After a key `\\`, V8's JSON.parse misreads another escaped key in its place (src/json/exact.ts).
 * `!` is second here but first on the wire, so that no object of this test hides that by its shape.
 */
const neighbours = ['\\', '"', '\\'].map((key, at) => ({
  ciphertextBlob: new Uint8Array(16).fill(at),
  sourceKeyId: 'alias/a',
  sourceEncryptionContext: { [key]: '2', '!': '1' },
  destinationKeyId: 'alias/b',
  destinationEncryptionContext: {},
}));

type Wanted = ReturnType<
  typeof fc.sample<typeof call extends fc.Arbitrary<infer T> ? T : never>
>[number];

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const mark = (value: string) =>
  `hmac-sha256:${createHmac('sha256', installKey).update(value).digest('hex')}`;
const marked = (pairs: Record<string, string>) =>
  Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, mark(value)]));
const sorted = (pairs: Record<string, string>) => Object.entries(pairs).sort();

interface Intent {
  kind: string;
  decision_id: string;
  timestamp: string;
  input: Record<'source' | 'destination', { key_arn: string; encryption_context: object }> & {
    request: { ciphertext_sha256: string };
  };
  result: { labels: Record<string, string> };
}

test(`what policy saw, what KMS got and what audit recorded are the same call (${RUNS} hostile ones)`, async () => {
  const calls = [...neighbours, ...fc.sample(call, { numRuns: RUNS, seed: 20_260_801 })];
  let accepted = 0;
  while (calls.length > 0) {
    kms.forget();
    const answered = await Promise.all(calls.splice(0, AT_ONCE).map(ask));
    const released = answered.filter((answer) => answer !== undefined);
    for (const { wanted, decisionId } of released) expectSame(wanted, decisionId);
    accepted += released.length;
  }
  expect(accepted).toBeGreaterThan(RUNS / 4);
}, 600_000);

test('of a field sent twice, policy, KMS and audit all take the last', async () => {
  kms.forget();
  const told = (word: string) => ({
    ciphertextBlob: Buffer.alloc(16, word),
    sourceKeyId: `alias/${word}-source`,
    sourceEncryptionContext: { tenant: word },
    destinationKeyId: `alias/${word}`,
    destinationEncryptionContext: { tenant: word, [word]: word },
  });
  const method = loadService()['ReEncrypt'];
  const bytes = ['first', 'last'].map(
    (word) => method?.requestSerialize(told(word)) ?? Buffer.alloc(0),
  );
  const session = connectHttp2(`http://${proxy.endpoint}`);
  const answer = await sendRaw(session, method?.path ?? '', framed(Buffer.concat(bytes)));
  session.close();
  const both = { tenant: 'last', first: 'first', last: 'last' };
  expectSame(
    { ...told('last'), destinationEncryptionContext: both },
    String(answer['decision_id']),
  );
});

/** An invalid call may be refused only for its contexts. */
async function ask(wanted: Wanted) {
  try {
    const { decisionId } = await reEncrypt(client, wanted);
    return { wanted, decisionId };
  } catch (error) {
    expect(String(error)).toMatch(/INVALID_ARGUMENT: (source|destination)_encryption_context/);
    return undefined;
  }
}

function expectSame(wanted: Wanted, decisionId: string): void {
  const blob = Buffer.from(wanted.ciphertextBlob);
  const sent = kms.requests.find((r) => r.body['CiphertextBlob'] === blob.toString('base64'))?.body;
  const { input, result, timestamp } = entryOf(decisionId);
  for (const side of ['source', 'destination'] as const) {
    const arn = fakeKeyArn(wanted[`${side}KeyId`]);
    const pairs = wanted[`${side}EncryptionContext`];
    const name = side === 'source' ? 'Source' : 'Destination';
    const judged = parseJson(result.labels[`${side}_context`] ?? '') as typeof pairs;
    const asked = (sent?.[`${name}EncryptionContext`] ?? {}) as typeof pairs;
    expect([result.labels[`${side}_key`], sent?.[`${name}KeyId`], input[side].key_arn]).toEqual([
      arn,
      arn,
      arn,
    ]);
    expect(sorted(judged)).toEqual(sorted(pairs));
    expect(sorted(asked)).toEqual(sorted(pairs));
    expect(input[side].encryption_context).toEqual(marked(pairs));
  }
  expect(result.labels['ciphertext_sha256']).toBe(sha256(blob));
  expect(input.request.ciphertext_sha256).toBe(sha256(blob));
  // Nanoseconds since 1970 are more than a double holds: as a number they may round up.
  const sinceJudged =
    Date.parse(timestamp) - Number(BigInt(result.labels['now_ns'] ?? '') / NS_PER_MS);
  expect(sinceJudged).toBeGreaterThanOrEqual(0);
  expect(sinceJudged).toBeLessThan(20_000);
}

/** The log only grows, so each read begins where the last one ended. */
function entryReader(file: string) {
  const fd = openSync(file, 'r');
  const chunk = Buffer.alloc(1 << 16);
  const intents = new Map<string, Intent>();
  let rest = '';
  return (decisionId: string): Intent => {
    for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk)) {
      const lines = (rest + chunk.toString('latin1', 0, size)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        keep(parseJson(Buffer.from(line, 'latin1').toString('utf8')) as Intent);
    }
    const intent = intents.get(decisionId);
    if (!intent) throw new Error(`there is no intent of ${decisionId}`);
    return intent;
  };

  function keep(entry: Intent): void {
    if (entry.kind === 'intent') intents.set(entry.decision_id, entry);
  }
}
