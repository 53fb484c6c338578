import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { run as bulk } from '../../../src/cli/bulk/run.ts';
import { builtProgram } from '../../helpers/built-program.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { until } from '../../helpers/until.ts';
import { bulkJobs, item, jsonl, many, references } from './jobs.ts';

const PROGRAM = await builtProgram();
const { aws, items, results, write, read, reEncrypts, start } = await bulkJobs();

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
