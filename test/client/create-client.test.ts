import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/create-client.ts';
import { RefusedError } from '../../src/client/refused-error.ts';
import { proxyTarget } from '../../src/client/target.ts';
import { Refusal } from '../../src/errors.ts';
import type { ReEncryptRequest__Output } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptResponse } from '../../src/gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import type { StreamReEncryptRequest__Output } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptRequest.ts';
import type { StreamReEncryptResponse } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { loadService } from '../../src/server/service.ts';
import { createStatusWriter } from '../../src/server/status.ts';

type Call = ServerUnaryCall<ReEncryptRequest__Output, ReEncryptResponse>;

type Stream = ServerDuplexStream<StreamReEncryptRequest__Output, StreamReEncryptResponse>;

const DECISION = '7f3f7cb6-d99c-47c8-87de-3f3ac558126b';
const { toStatus, toRpcStatus } = createStatusWriter();

const released = (keyId = '') => ({ ciphertextBlob: Buffer.from('new'), keyId });

/** What the server does with a ReEncrypt; tests replace it. */
let answer: (call: Call, done: sendUnaryData<ReEncryptResponse>) => void;
let server: Server;
let target: string;
let client: Client;

beforeAll(async () => {
  server = new Server();
  const handlers: UntypedServiceImplementation = {
    ReEncrypt: (call: Call, done: sendUnaryData<ReEncryptResponse>) => answer(call, done),
    StreamReEncrypt: (stream: Stream) => {
      stream.on('data', ({ reference }: { reference: string }) => {
        const bad = toRpcStatus(new Refusal('POLICY_DENIED'), DECISION);
        const good = { status: { code: 0 }, response: released('arn') };
        const empty = { status: { code: 0 }, response: { keyId: 'arn' } };
        const details = Array(reference === 'many' ? 100_000 : 0).fill({});
        const many = { status: { code: 7, details } };
        const known = { bad: { status: bad }, empty, unanswered: { status: { code: 0 } }, many };
        stream.write({ reference, ...(known[reference as keyof typeof known] ?? good) });
      });
      stream.on('end', () => stream.end());
    },
  };
  server.addService(loadService(), handlers);
  target = `127.0.0.1:${await bind('127.0.0.1:0')}`;
  client = createClient({ target, metadata: { authorization: 'Bearer t' } });
});

function bind(address: string): Promise<number> {
  return promisify(server.bindAsync.bind(server))(address, ServerCredentials.createInsecure());
}

afterAll(() => {
  client.close();
  server.forceShutdown();
});

beforeEach(() => {
  answer = (_, done) => done(null, released());
});

function refuse(statusObject: Partial<StatusObject>): void {
  answer = (_, done) => done(statusObject);
}

async function refusalOf(working: Promise<unknown>): Promise<RefusedError> {
  const thrown = await working.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RefusedError) return thrown;
  throw new Error(`expected a RefusedError, got ${thrown}`);
}

describe('a call', () => {
  test('sends every field and the metadata, and resolves to the typed answer', async () => {
    let seen: Call | undefined;
    answer = (call, done) => {
      seen = call;
      done(null, { ciphertextBlob: Buffer.from('new'), keyId: 'arn', decisionId: DECISION });
    };
    const sent = {
      ciphertextBlob: Buffer.from('old'),
      sourceKeyId: 'alias/y',
      sourceEncryptionContext: { a: 'b' },
      sourceEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_RSAES_OAEP_SHA_1',
      destinationKeyId: 'alias/x',
      destinationEncryptionContext: { c: 'd' },
      destinationEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_RSAES_OAEP_SHA_256',
      grantTokens: ['t'],
      dryRun: true,
      dryRunModifiers: ['DRY_RUN_MODIFIER_IGNORE_CIPHERTEXT'],
    } satisfies ReEncryptRequest__Output;
    const response = await client.reEncrypt(sent);
    expect(response).toMatchObject({ keyId: 'arn', decisionId: DECISION, dryRun: false });
    expect(response.ciphertextBlob.toString()).toBe('new');
    expect(seen?.metadata.get('authorization')).toEqual(['Bearer t']);
    expect(seen?.request).toEqual({ ...sent, _sourceKeyId: 'sourceKeyId' });
  });

  test('without a source key sends none', async () => {
    let seen: Call | undefined;
    answer = (call, done) => {
      seen = call;
      done(null, released());
    };
    await client.reEncrypt({ ciphertextBlob: Buffer.from('old'), destinationKeyId: 'alias/x' });
    expect(seen?.request.sourceKeyId).toBeUndefined();
  });

  test('that times out is refused with DEADLINE_EXCEEDED', async () => {
    answer = () => undefined;
    const refused = await refusalOf(client.reEncrypt({}, { timeoutMs: 30 }));
    expect(refused.facts).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: '' });
  });

  test.each([
    ['before', true],
    ['while', false],
  ])('that is aborted %s it runs is cancelled', async (_, already) => {
    const controller = new AbortController();
    answer = () => controller.abort();
    if (already) controller.abort();
    const refused = await refusalOf(client.reEncrypt({}, { signal: controller.signal }));
    expect(refused.facts.code).toBe('CANCELLED');
  });

  test('calls its metadata function each time, and rejects if that throws', async () => {
    answer = (call, done) => done(null, released(`${call.metadata.get('authorization')}`));
    const tokens = ['old', 'new'];
    const metadata = () => {
      const authorization = tokens.shift();
      if (authorization === undefined) throw new Error('no token');
      return { authorization };
    };
    const renewing = createClient({ target, metadata });
    expect(await renewing.reEncrypt({})).toMatchObject({ keyId: 'old' });
    expect(await renewing.reEncrypt({})).toMatchObject({ keyId: 'new' });
    await expect(renewing.reEncrypt({})).rejects.toThrow('no token');
    renewing.close();
  });

  test('with metadata that cannot be sent is not sent, and no error shows the value', async () => {
    const wrong = createClient({ target, metadata: { authorization: 'Bearer se\ncret' } });
    await expect(wrong.reEncrypt({})).rejects.toThrow(
      /^metadata authorization: its value cannot be sent$/,
    );
    wrong.close();
  });

  test('with waitForReady waits until the proxy is there', async () => {
    const socket = `unix:${join(mkdtempSync(join(tmpdir(), 'client-')), 'proxy.sock')}`;
    const early = createClient({ target: socket });
    expect((await refusalOf(early.reEncrypt({}))).facts.code).toBe('UNAVAILABLE');
    const waiting = early.reEncrypt({}, { waitForReady: true, timeoutMs: 30_000 });
    await bind(socket);
    await expect(waiting).resolves.toMatchObject({ keyId: '' });
    early.close();
  });

  test('in flight when its client closes is answered; later ones fail', async () => {
    const closing = createClient({ target });
    answer = (_, done) => {
      closing.close();
      done(null, released('arn'));
    };
    await expect(closing.reEncrypt({})).resolves.toMatchObject({ keyId: 'arn' });
    await expect(closing.reEncrypt({})).rejects.toThrow();
  });

  test('that is answered without a ciphertext is refused, unless it is a dry run', async () => {
    answer = (call, done) => done(null, { keyId: 'arn', dryRun: call.request.dryRun });
    expect((await refusalOf(client.reEncrypt({}))).message).toBe('the answer has no ciphertext');
    await expect(client.reEncrypt({ dryRun: true })).resolves.toMatchObject({ dryRun: true });
  });

  test('to nobody is refused with UNAVAILABLE', async () => {
    const nobody = createClient({ target: '127.0.0.1:1' });
    const refused = await refusalOf(nobody.reEncrypt({}));
    nobody.close();
    expect(refused.facts).toMatchObject({ code: 'UNAVAILABLE', reason: '' });
  });
});

describe('a refusal', () => {
  test('carries the proxy’s reason, layer, side, rule and ids', async () => {
    const refusal = new Refusal('KMS_KEY_DISABLED', {
      sentence: 'arn is disabled.',
      side: 'source',
      rule: 'r1',
      kmsError: 'DisabledException',
      kmsRequestId: 'req-1',
    });
    refuse(toStatus(refusal, DECISION));
    const refused = await refusalOf(client.reEncrypt({}));
    expect(refused.message).toBe('arn is disabled.');
    expect(refused.facts).toEqual({
      code: 'FAILED_PRECONDITION',
      reason: 'KMS_KEY_DISABLED',
      layer: 'KMS',
      side: 'source',
      rule: 'r1',
      decisionId: DECISION,
      kmsError: 'DisabledException',
      kmsRequestId: 'req-1',
      fields: [],
      retryAfterMs: undefined,
    });
  });

  test('carries each wrong field, and when to try again', async () => {
    const fields = [{ field: 'source_key_id', description: 'name the key' }];
    refuse(toStatus(new Refusal('KMS_UNAVAILABLE', { fields, retryAfterMs: 1250 }), DECISION));
    const { facts } = await refusalOf(client.reEncrypt({}));
    expect(facts).toMatchObject({ fields, retryAfterMs: 1250 });
  });

  test.each([
    [0.4, 1],
    [9e15, undefined],
    [-5000, undefined],
  ])('carries whole milliseconds, and no delay that makes no sense: %d', async (told, carried) => {
    refuse(toStatus(new Refusal('KMS_UNAVAILABLE', { retryAfterMs: told }), DECISION));
    expect((await refusalOf(client.reEncrypt({}))).facts.retryAfterMs).toBe(carried);
  });

  test.each([
    ['no details', undefined],
    ['details that are not a Status', Buffer.from('ff', 'hex')],
  ])('with %s still has its code, sentence and decision id', async (_, details) => {
    const whole = toStatus(new Refusal('POLICY_DENIED'), DECISION);
    whole.metadata.remove('grpc-status-details-bin');
    if (details) whole.metadata.set('grpc-status-details-bin', details);
    refuse(whole);
    const refused = await refusalOf(client.reEncrypt({}));
    expect(refused.facts).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: '',
      decisionId: DECISION,
    });
    expect(refused.message).toBe('The policy denies this call.');
  });

  test('says at most a hundred wrong fields, and nothing of a detail beyond 16 KiB', async () => {
    const field = (letters: number) => ({ field: 'x'.repeat(letters), description: '' });
    for (const [letters, told] of [
      [10, 100],
      [40, 0],
    ] as const) {
      const fields = Array(500).fill(field(letters));
      refuse(toStatus(new Refusal('INVALID_REQUEST', { fields }), DECISION));
      expect((await refusalOf(client.reEncrypt({}))).facts.fields).toHaveLength(told);
    }
  });

  test('from another server has its code and no reason', async () => {
    refuse({ code: status.UNIMPLEMENTED, details: 'no such method' });
    const { facts } = await refusalOf(client.reEncrypt({}));
    expect(facts).toMatchObject({ code: 'UNIMPLEMENTED', reason: '', decisionId: '' });
  });
});

describe('a stream', () => {
  async function* items(...references: string[]) {
    for (const reference of references) yield { reference };
  }

  test('yields a result per item, refusals included', async () => {
    const results: string[] = [];
    for await (const { reference, response, refused } of client.streamReEncrypt(
      items('a', 'bad', 'c'),
    )) {
      results.push(`${reference} ${response?.keyId ?? refused?.facts.reason}`);
    }
    expect(results).toEqual(['a arn', 'bad POLICY_DENIED', 'c arn']);
  });

  test('counts no item as re-encrypted that has no ciphertext', async () => {
    const sentences: (string | undefined)[] = [];
    for await (const { response, refused } of client.streamReEncrypt(
      items('empty', 'unanswered'),
    )) {
      expect(response).toBeUndefined();
      sentences.push(refused?.message);
    }
    expect(sentences).toEqual(Array(2).fill('the answer has no ciphertext'));
  });

  test('ends at a result of so many fields that to decode it would take long', async () => {
    const reading = client.streamReEncrypt(items('a', 'many'))[Symbol.asyncIterator]();
    expect((await reading.next()).value).toMatchObject({ reference: 'a' });
    const refused = await refusalOf(reading.next());
    expect(refused.facts.code).toBe('INTERNAL');
    expect(refused.message).toContain('the answer has more than 100000 fields');
  });

  test('ends when its reader stops', async () => {
    for await (const { reference } of client.streamReEncrypt(items('a', 'b'))) {
      expect(reference).toBe('a');
      break;
    }
  });

  test('ends with the error of its source', async () => {
    async function* failing() {
      yield { reference: 'a' };
      throw new Error('the file broke');
    }
    const reading = async () => {
      for await (const result of client.streamReEncrypt(failing()))
        expect(result.reference).toBe('a');
    };
    await expect(reading()).rejects.toThrow('the file broke');
  });
});

describe('a target', () => {
  test.each([
    ['127.0.0.1:50051', { target: '127.0.0.1:50051', secure: false }],
    ['unix:/run/proxy.sock', { target: 'unix:/run/proxy.sock', secure: false }],
    ['grpc://host:1', { target: 'host:1', secure: false }],
    ['grpcs://host:1/', { target: 'host:1', secure: true }],
  ])('%s', (endpoint, parsed) => {
    expect(proxyTarget(endpoint)).toEqual(parsed);
  });
});

describe('TLS', () => {
  test('needs a key with its certificate', () => {
    expect(() => createClient({ target: 'x:1', tls: { certificateFile: 'c.pem' } })).toThrow(
      'a client certificate needs its key',
    );
  });

  test('names a file that cannot be read', () => {
    expect(() => createClient({ target: 'x:1', tls: { caFile: '/nonexistent/ca.pem' } })).toThrow(
      /nonexistent\/ca\.pem/,
    );
  });
});
