import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run as bulk } from '../../../src/cli/bulk/run.ts';
import { startAwsProxy } from '../../helpers/aws-proxy.ts';
import { type RunningProxy, startProxy } from '../../helpers/proxy.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { bulkJobs, item, jsonl, type Line, many, references } from './jobs.ts';

const { aws, items, results, write, read, reEncrypts, start } = await bulkJobs();

describe('bulk', () => {
  let demo: RunningProxy;
  beforeAll(async () => {
    demo = await startProxy();
  });
  afterAll(() => demo.stop());

  const encrypted = (plaintext: string, tenant: string) =>
    Buffer.from(
      demo.embedded?.operations.Encrypt({
        KeyId: 'alias/demo-source',
        Plaintext: Buffer.from(plaintext),
        EncryptionContext: { tenant },
      }).CiphertextBlob ?? [],
    ).toString('base64');

  const demoItem = (reference: string, destination: string): Line => ({
    reference,
    ciphertext_blob: encrypted(reference, 'acme'),
    source_encryption_context: { tenant: 'acme' },
    destination_encryption_context: { tenant: destination },
  });

  const KEYS = ['--source-key-id=alias/demo-source', '--destination-key-id=alias/demo-destination'];

  test('re-encrypts each item under the keys given as options', async () => {
    write([demoItem('one', 'acme'), demoItem('two', 'acme')]);
    const ran = await start(KEYS, demo.endpoint);
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).toBe('2 items: 2 re-encrypted, 0 refused\n');
    const plaintexts = read().map(
      ({ ciphertext_blob }) =>
        demo.embedded?.operations.Decrypt({
          KeyId: 'alias/demo-destination',
          CiphertextBlob: Buffer.from(String(ciphertext_blob), 'base64'),
          EncryptionContext: { tenant: 'acme' },
        }).Plaintext,
    );
    expect(plaintexts.map((plaintext) => Buffer.from(plaintext ?? []).toString())).toEqual([
      'one',
      'two',
    ]);
    expect(statSync(results).mode & 0o777).toBe(0o600);
  });

  test('records what is refused, goes on, and exits 1', async () => {
    write([demoItem('one', 'globex'), demoItem('two', 'acme')]);
    const ran = await start([...KEYS, '--json'], demo.endpoint);
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain(
      `1 of 2 items were refused, as ${results} says: 1 POLICY_DENIED\n`,
    );
    expect(JSON.parse(ran.stdout)).toEqual({
      items: 2,
      released: 1,
      refused: 1,
      reasons: { POLICY_DENIED: 1 },
      before: 0,
      error: '',
    });
    const [denied, released] = read();
    expect(denied).toMatchObject({
      reference: 'one',
      refused: { code: 'PERMISSION_DENIED', reason: 'POLICY_DENIED', layer: 'policy' },
    });
    expect(released).toMatchObject({ reference: 'two', key_id: expect.stringContaining(':key/') });
  });

  // The key is in no line, but in each of the 200 items sent: together more than a message may have.
  test('splits a batch that the proxy refuses as too large', async () => {
    write(many(200).map((line) => ({ ...line, source_key_id: '' })));
    await start(['--source-key-id', `alias/${'a'.repeat(2_000)}`]);
    const done = read();
    expect(references(done)).toEqual(references(many(200)));
    // One decision id per item: none is for a whole message.
    expect(new Set(done.map(({ refused }) => (refused as Line)['decision_id'])).size).toBe(200);
  });

  test('records a single item that is too large, and goes on', async () => {
    write([item('one'), item('two', { grant_tokens: ['t'.repeat(300_000)] }), item('three')]);
    expect((await start()).stdout).toBe('3 items: 2 re-encrypted, 1 refused\n');
    expect(read()[1]).toMatchObject({
      reference: 'two',
      refused: { message: expect.stringContaining('larger than max') },
    });
  });

  test('takes items from standard input', async () => {
    const args = ['-', results, '--endpoint-url', aws.proxy.endpoint];
    const ran = await runCommand(bulk, args, { stdin: Buffer.from(jsonl(many(3))) });
    expect(ran.exit).toBe(0);
    expect(references(read())).toEqual(['row-0', 'row-1', 'row-2']);
  });

  test('writes results in item order across several batches', async () => {
    write(many(450));
    aws.kms.next({ kind: 'answer', delayMs: 200 }, 'ReEncrypt');
    expect((await start()).exit).toBe(0);
    expect(references(read())).toEqual(references(many(450)));
  });

  // JSON allows both unescaped in strings, but node:readline ends a line at each.
  test('reads U+2028 and U+2029 as text, in items and results', async () => {
    const odd = many(2).map((line) => ({ ...line, reference: `${line['reference']}\u2028\u2029` }));
    write(odd);
    expect((await start()).exit).toBe(0);
    expect(references(read())).toEqual(references(odd));
    expect((await start()).stdout).toContain('2 items (2 by an earlier run)');
  });

  test.each([
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['carriage returns', (text: string) => text.replaceAll('\n', '\r\n')],
    ['no newline at its end', (text: string) => text.trimEnd()],
  ])('accepts a file with %s', async (_, change) => {
    writeFileSync(items, change(jsonl(many(2))));
    expect((await start()).stdout).toBe('2 items: 2 re-encrypted, 0 refused\n');
  });

  test('sends no more than --per-second allows', async () => {
    write(many(201));
    const began = performance.now();
    expect((await start(['--per-second', '400'])).exit).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(490);
  });
});

describe('an item that is refused for now', () => {
  async function startLimited() {
    const { proxy, close } = await startAwsProxy({
      settings: ['limits.per_principal.per_second=200', 'limits.per_principal.burst=20'],
    });
    return { ...proxy, [Symbol.asyncDispose]: close };
  }

  test('is sent again, and no other is', async () => {
    write(many(30));
    aws.kms.next({ kind: 'error', name: 'KMSInternalException', status: 500 }, 'ReEncrypt');
    aws.kms.next({ kind: 'error', name: 'ThrottlingException' }, 'ReEncrypt');
    expect((await start()).stdout).toBe('30 items: 30 re-encrypted, 0 refused\n');
    expect(references(read())).toEqual(references(many(30)));
    expect(reEncrypts().length).toBeLessThan(36);
  });

  test('by a limit of the proxy waits until the limit lets it through', async () => {
    await using limited = await startLimited();
    write(many(60));
    const ran = await start([], limited.endpoint);
    const metrics = await fetch(`http://${limited.addresses.probe}/metrics`);
    expect(await metrics.text()).toMatch(/reason="LIMITED"[^}]*\} [1-9]/);
    expect(ran.stdout).toBe('60 items: 60 re-encrypted, 0 refused\n');
  });

  // Otherwise, with an item that can never be done, each run would resend those before it.
  test('ends the job once patience is over, with all before it done', async () => {
    await using limited = await startLimited();
    write(many(60));
    const ran = await start(['--retry-for', '0'], limited.endpoint);
    expect(ran.exit).toBe(75);
    const done = read();
    expect(references(done)).toEqual(references(many(60)).slice(0, done.length));
    expect(ran.stderr).toContain(`given up for now at "row-${done.length}": `);
  });

  test('ends the job with exit 75 after --retry-for without progress', async () => {
    write(many(3));
    const ran = await start(['--retry-for', '0.3'], '127.0.0.1:1');
    expect(ran.exit).toBe(75);
    expect(ran.stderr).toContain(
      'given up for now at "row-0": connect ECONNREFUSED 127.0.0.1:1 (UNAVAILABLE)\n',
    );
    expect(readFileSync(results, 'utf8')).toBe('');
  });
});

describe('usage', () => {
  test.each([
    [
      ['--per-second', '-1'],
      "'--per-second <items>' argument '-1' is invalid. It must be a number",
    ],
    [['--retry-for', 'soon'], "'--retry-for <seconds>' argument 'soon' is invalid. It must be a"],
    [['--no-such'], "unknown option '--no-such'"],
  ])('%j is refused', async (args, told) => {
    write([]);
    const ran = await start(args);
    expect(ran.exit).toBe(64);
    expect(ran.stderr).toContain(told);
  });

  test.each([
    ['nonsense'],
    ['http://127.0.0.1:50051'],
    ['grpc://'],
    ['127.0.0.1:99999'],
    ['127.0.0.1:'],
    [':50051'],
    ['a host:50051'],
    ['grpc://127.0.0.1:50051/path'],
    ['unix:'],
    [''],
  ])('a malformed endpoint is refused at once: %j', async (endpoint) => {
    write(many(1));
    const ran = await start([], endpoint);
    expect(ran.exit).toBe(64);
    expect(ran.stderr).toContain(`--endpoint-url: '${endpoint}' is not host:port`);
    expect(existsSync(results)).toBe(false);
  });

  test('TLS files for a plain endpoint are refused, not ignored', async () => {
    write(many(1));
    const ran = await start(['--ca-bundle', items]);
    expect(ran.exit).toBe(64);
    expect(ran.stderr).toContain('is plain; --ca-bundle and --client-… are for grpcs://');
    expect(reEncrypts()).toEqual([]);
  });
});
