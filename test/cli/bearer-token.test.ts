import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bearerToken } from '../../src/cli/bearer-token.ts';
import { run as check } from '../../src/cli/check.ts';
import { run as health } from '../../src/cli/health.ts';
import { proxyTarget } from '../../src/client/target.ts';
import { runCommand } from '../helpers/run-command.ts';

const FILE = 'package.json';

describe('a bearer token', () => {
  test.each([
    'grpcs://proxy.example:50051',
    'unix:/run/proxy.sock',
    'localhost:50051',
    'grpc://127.0.0.1:50051',
    '127.1.2.3:50051',
    '[::1]:50051',
    'grpc://localhost',
  ])('goes to %s, where nobody can read it', (endpoint) => {
    expect(bearerToken(FILE, proxyTarget(endpoint))).toBeTypeOf('function');
  });

  test.each([
    'proxy.example:50051',
    'grpc://10.0.0.1:50051',
    '127.0.0.1.example:50051',
    'localhost.example:50051',
    'dns:proxy.example:50051',
    '[::]:50051',
  ])('is not sent in clear to %s', (endpoint) => {
    expect(() => bearerToken(FILE, proxyTarget(endpoint))).toThrow('--token-file: ');
    expect(bearerToken(undefined, proxyTarget(endpoint))).toBeUndefined();
  });

  test.each([
    { name: 'health', run: health, exit: 64 },
    { name: 'check', run: check, exit: 252 },
  ])('that may not be sent fails $name before anything is sent', async ({ run, exit }) => {
    const call = run === check ? ['--destination-key-id', 'alias/demo'] : [];
    const where = ['--endpoint-url', 'proxy.example:1', '--token-file', FILE];
    const told = await runCommand(run, [...where, ...call]);
    expect(told).toMatchObject({ exit, stderr: expect.stringContaining('is plain; a bearer') });
  });

  test('is read for each call, and stays the last one while a new one is written', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'token-')), 'token');
    const put = (text: string) => writeFileSync(file, text);
    put('');
    const metadata = bearerToken(file, proxyTarget('localhost:50051'));
    expect(metadata).toThrow('does not hold a bearer token');
    put('one\n');
    expect(metadata?.()).toEqual({ authorization: 'Bearer one' });
    put('');
    expect(metadata?.()).toEqual({ authorization: 'Bearer one' });
    rmSync(file);
    expect(metadata?.()).toEqual({ authorization: 'Bearer one' });
    put('two');
    expect(metadata?.()).toEqual({ authorization: 'Bearer two' });
  });
});
