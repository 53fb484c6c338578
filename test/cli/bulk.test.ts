import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run as bulk } from '../../src/cli/bulk.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { type Ran, runCommand } from '../helpers/run-command.ts';
import { until } from '../helpers/until.ts';

const PROGRAM = await builtProgram();

let folder: string;
let items: string;
let results: string;
let aws: AwsProxy;

beforeAll(async () => {
  aws = await startAwsProxy();
});

beforeEach(() => {
  aws.kms.forget();
  folder = mkdtempSync(join(tmpdir(), 'bulk-'));
  items = join(folder, 'items.jsonl');
  results = join(folder, 'results.jsonl');
  return () => rmSync(folder, { recursive: true });
});

afterAll(() => aws.close());

type Line = Record<string, unknown>;

const item = (reference: string, rest: Line = {}): Line => ({
  reference,
  ciphertext_blob: Buffer.from(reference).toString('base64'),
  source_key_id: 'alias/a',
  destination_key_id: 'alias/b',
  ...rest,
});

const many = (count: number): Line[] => Array.from({ length: count }, (_, n) => item(`row-${n}`));

const jsonl = (lines: readonly Line[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const write = (lines: readonly Line[]) => writeFileSync(items, jsonl(lines));

const read = (): Line[] =>
  readFileSync(results, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const references = (lines: readonly Line[]) => lines.map(({ reference }) => reference);

const reEncrypts = () => aws.kms.requests.filter(({ operation }) => operation === 'ReEncrypt');

function start(args: readonly string[] = [], endpoint = aws.proxy.endpoint): Promise<Ran> {
  return runCommand(bulk, [items, results, '--endpoint-url', endpoint, ...args]);
}

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

describe('a job that was interrupted', () => {
  const AB = { a: '1', b: '2' };

  test('continues after its last result, and sends nothing twice', async () => {
    write(many(25));
    expect((await start()).exit).toBe(0);
    write(many(40));
    aws.kms.forget();
    const ran = await start();
    expect(ran.stdout).toBe('40 items (25 by an earlier run): 40 re-encrypted, 0 refused\n');
    expect(reEncrypts()).toHaveLength(15);
    expect(references(read())).toEqual(references(many(40)));
  });

  const ANOTHER = 'another job writes ';

  test('by SIGKILL locks others out until then, and ends with every item once', async () => {
    write(many(800));
    aws.kms.always({ kind: 'answer', delayMs: 60 }, 'ReEncrypt');
    const args = [PROGRAM, 'bulk', items, results, '--endpoint-url', aws.proxy.endpoint];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const killed = once(child, 'exit');
    await until(() => existsSync(results) && statSync(results).size > 0);
    expect(await start()).toMatchObject({ exit: 75, stderr: expect.stringContaining(ANOTHER) });
    child.kill('SIGKILL');
    await killed;
    const first = readFileSync(results, 'utf8').split('\n').length - 1;
    expect(first).toBeLessThan(800);
    aws.kms.always(undefined, 'ReEncrypt');
    expect((await start()).stdout).toContain(`(${first} by an earlier run): 800 re-encrypted`);
    expect(references(read())).toEqual(references(many(800)));
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('by %s says how far it was', async (signal) => {
    write(many(800));
    aws.kms.always({ kind: 'answer', delayMs: 60 }, 'ReEncrypt');
    const args = [PROGRAM, 'bulk', items, results, '--endpoint-url', aws.proxy.endpoint, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, errors] = [text(child.stdout), text(child.stderr)];
    await until(() => existsSync(results) && statSync(results).size > 0);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    const { items: done, error } = JSON.parse(await out);
    expect(await errors).toBe(`interrupted after ${done} items; run it again to go on\n`);
    expect(error).toBe('interrupted');
    // What is being written at that moment may not be counted yet.
    expect(done).toBeLessThanOrEqual(read().length);
    aws.kms.always(undefined, 'ReEncrypt');
  });

  test('repeats the item whose result is half written', async () => {
    write(many(3));
    await start();
    const whole = readFileSync(results, 'utf8');
    for (const cut of [1, 30, whole.split('\n')[2]?.length ?? 0]) {
      writeFileSync(results, whole.slice(0, -cut));
      expect((await start()).stdout).toContain('(2 by an earlier run)');
      expect(references(read())).toEqual(['row-0', 'row-1', 'row-2']);
    }
  });

  test.each([
    ['the ciphertext', { ciphertext_blob: 'AAAA' }, []],
    ['a context', { destination_encryption_context: { a: '1', b: '3' } }, []],
    ['a key', { destination_key_id: 'alias/c' }, []],
    ['a key of the command line', {}, ['--source-key-id', 'alias/c']],
  ])('is not resumed when %s of an item that is done has changed', async (_, change, args) => {
    const { source_key_id: _none, ...asked } = item('a', { destination_encryption_context: AB });
    write([asked]);
    await start(['--source-key-id', 'alias/a']);
    const before = readFileSync(results, 'utf8');
    write([{ ...asked, ...change }, item('b')]);
    const ran = await start(['--source-key-id', 'alias/a', ...args]);
    expect(ran.exit).toBe(65);
    expect(ran.stderr).toContain('line 1 of the results is of "a" as it was then');
    expect(readFileSync(results, 'utf8')).toBe(before);
    expect(reEncrypts()).toHaveLength(1);
  });

  test('is resumed with other grant tokens, and whatever the order in which items are written', async () => {
    const first = item('a', { destination_encryption_context: AB, grant_tokens: ['old'] });
    write([first]);
    await start();
    const again = { ...first, destination_encryption_context: { b: '2', a: '1' } };
    write([Object.fromEntries(Object.entries({ ...again, grant_tokens: ['new'] }).reverse())]);
    expect((await start()).stdout).toContain('1 items (1 by an earlier run): 1 re-encrypted');
  });

  test('counts the reasons of earlier refusals too', async () => {
    write([item('one', { ciphertext_blob: '' })]);
    await start();
    write([item('one', { ciphertext_blob: '' }), item('two', { ciphertext_blob: '' })]);
    expect((await start()).stderr).toContain('2 of 2 items were refused');
    expect(JSON.parse((await start(['--json'])).stdout)).toMatchObject({
      reasons: { INVALID_REQUEST: 2 },
    });
  });

  test('counts a reason by any name', async () => {
    write([item('one', { ciphertext_blob: '' })]);
    await start();
    for (const name of ['constructor', '__proto__']) {
      const renamed = readFileSync(results, 'utf8').replace(/"reason":"\w+"/, `"reason":"${name}"`);
      writeFileSync(results, renamed);
      expect((await start(['--json'])).stdout).toContain(`"reasons":{"${name}":1}`);
    }
  });

  test('does nothing when all is done', async () => {
    write(many(3));
    await start();
    aws.kms.forget();
    expect((await start()).exit).toBe(0);
    expect(aws.kms.requests).toEqual([]);
  });

  test.each([
    [
      'of other items',
      () => appendFileSync(results, jsonl([{ reference: 'x', item_sha256: '', key_id: 'k' }])),
      'line 1',
    ],
    [
      'of more items',
      async () => {
        write([...many(3), item('y')]);
        await start();
      },
      'line 4',
    ],
    ['that are not JSON', () => appendFileSync(results, 'hello\n'), ':1 is not a result of a job'],
    [
      'that are items',
      () => appendFileSync(results, jsonl(many(3))),
      ':1 is not a result of a job',
    ],
    [
      'that are the text of one line',
      () => appendFileSync(results, 'hello'),
      'ends in a line that is not',
    ],
  ])('is not resumed from results %s', async (_, prepare, told) => {
    await prepare();
    write(many(3));
    aws.kms.forget();
    const before = readFileSync(results, 'utf8');
    const ran = await start();
    expect(ran.exit).toBe(65);
    expect(ran.stderr).toContain(told);
    expect(readFileSync(results, 'utf8')).toBe(before);
    expect(reEncrypts()).toEqual([]);
  });
});

describe('results', () => {
  test('are never named -, because a job goes on behind them', async () => {
    write(many(1));
    const ran = await runCommand(bulk, [items, '-', '--endpoint-url', aws.proxy.endpoint]);
    expect(ran).toMatchObject({ exit: 64, stderr: expect.stringContaining('must be a file') });
    expect(existsSync('-')).toBe(false);
  });

  test('are refused in anything but a regular file', async () => {
    write(many(1));
    const args = [items, '/dev/null', '--endpoint-url', aws.proxy.endpoint];
    const ran = await runCommand(bulk, args);
    expect(ran.exit).toBe(65);
    expect(ran.stderr).toContain('/dev/null is not a regular file');
  });

  test('that run out of space are named, and continue once there is some', async () => {
    write(many(200));
    const command = [process.execPath, PROGRAM, 'bulk', items, results];
    const script = `ulimit -f 16; exec ${command.join(' ')} --endpoint-url ${aws.proxy.endpoint}`;
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(said).toBe(
      `kms-reencrypt-proxy bulk: ${results} cannot be written: EFBIG: file too large, write\n`,
    );
    expect(code).toBe(1);
    expect((await start()).stdout).toMatch(/^200 items \([1-9]\d* by an earlier run\): 200 re-enc/);
    expect(references(read())).toEqual(references(many(200)));
  });

  test('that another process writes to end the job', async () => {
    write(many(600));
    aws.kms.always({ kind: 'answer', delayMs: 30 }, 'ReEncrypt');
    const running = start();
    await until(() => existsSync(results) && statSync(results).size > 0);
    appendFileSync(results, 'x');
    const ran = await running;
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain('something else writes to');
  });
});

describe('a wrong line ends the job with its number and exit 65:', () => {
  test.each([
    ['{"reference":', 'must be a JSON object'],
    ['[1]', 'must be a JSON object'],
    ['', 'must be a JSON object'],
    ['{"reference":1}', 'reference must be a string'],
    ['{"reference":"\\ud800"}', 'reference must be valid Unicode'],
    ['{"ciphertext_blob":"a"}', 'ciphertext_blob must be base64'],
    ['{"CiphertextBlob":"AAAA"}', 'CiphertextBlob is not known; reference, ciphertext_blob,'],
    ['{"__proto__":"AAAA"}', '__proto__ is not known'],
    ['{"source_encryption_context":{"a":1}}', 'source_encryption_context must be an object of'],
    ['{"destination_encryption_context":[]}', 'destination_encryption_context must be an object'],
    [
      '{"destination_encryption_context":{"__proto__":"x"}}',
      'destination_encryption_context must not have the key __proto__',
    ],
    [
      '{"source_encryption_algorithm":"ROT13"}',
      'source_encryption_algorithm must be one of SYMMETRIC_DEFAULT',
    ],
    ['{"grant_tokens":"x"}', 'grant_tokens must be a list of strings'],
    ['{"reference":"a","reference":"b"}', 'reference occurs twice in one object'],
    ['{"reference":"a","\\u0072eference":"b"}', 'reference occurs twice in one object'],
    ['{"source_encryption_context":{"t":"x","t":"y"}}', 't occurs twice in one object'],
    [`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'a is not known'],
  ])('%s', async (line, told) => {
    writeFileSync(items, `${jsonl(many(1))}${line}\n`);
    const ran = await start();
    expect(ran.exit).toBe(65);
    expect(ran.stderr).toContain(`${items}:2: ${told}`);
  });

  test('--json reports it too, with what is done', async () => {
    writeFileSync(items, `${jsonl(many(2))}nonsense\n`);
    const ran = await start(['--json']);
    expect(ran.exit).toBe(65);
    expect(JSON.parse(ran.stdout)).toEqual({
      items: 2,
      released: 2,
      refused: 0,
      reasons: {},
      before: 0,
      error: `${items}:3: must be a JSON object`,
    });
  });

  test('so does one without a destination, for which no option names a key', async () => {
    const { destination_key_id: _, ...nowhere } = item('row-0');
    for (const line of [nowhere, item('row-0', { destination_key_id: '' })]) {
      write([line]);
      const ran = await start();
      expect(ran.exit).toBe(65);
      expect(ran.stderr).toContain(`${items}:1: destination_key_id is missing, and --destination-`);
    }
    expect(reEncrypts()).toEqual([]);
  });

  test('the items before it are done', async () => {
    writeFileSync(items, `${jsonl(many(201))}nonsense\n`);
    expect((await start()).exit).toBe(65);
    expect(read()).toHaveLength(201);
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

  test('a folder given for items is named, and no results are made', async () => {
    mkdirSync(items);
    const ran = await start();
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain(`${items} is a folder`);
    expect(existsSync(results)).toBe(false);
  });

  // Node.js reads a folder as empty input: a job without items would succeed.
  test('a folder as standard input is named, and no results are made', () => {
    const stdin = openSync(folder, 'r');
    const args = [PROGRAM, 'bulk', '-', results];
    const child = spawnSync(process.execPath, args, { stdio: [stdin, 'ignore', 'pipe'] });
    closeSync(stdin);
    const { status: code, stderr: said } = child;
    expect(String(said)).toBe('kms-reencrypt-proxy bulk: standard input is a folder\n');
    expect(code).toBe(1);
    expect(existsSync(results)).toBe(false);
  });

  test('a missing file of items is named, and no results are made', async () => {
    const ran = await start();
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain(items);
    expect(existsSync(results)).toBe(false);
  });
});
