import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KNOWN_FAILURES } from './h2spec-failures.ts';
import { startChild } from './helpers/child.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith } from './helpers/tools.ts';

const LEAST_PASSED = 128;

describeWith(['h2spec'], 'h2spec', () => {
  let proxy: RunningProxy;

  beforeAll(async () => {
    proxy = await startProxy();
  });

  afterAll(() => proxy.stop());

  const openFiles = (): number => readdirSync(`/proc/${proxy.child.pid}/fd`).length;

  test('passes where it did, fails only where it is known to, and leaves no socket behind', async () => {
    const before = openFiles();
    const first = await runH2spec(proxy);
    // A few cases race with the reply; on a busy machine one more may lose.
    const asKnown = first.passed >= LEAST_PASSED && unknownFailures(first).length === 0;
    const best = asKnown ? first : await runH2spec(proxy);
    expect(best.total).toBe(145);
    expect(unknownFailures(best)).toEqual([]);
    expect(best.passed).toBeGreaterThanOrEqual(LEAST_PASSED);
    await expect.poll(openFiles, { timeout: 20_000, interval: 500 }).toBeLessThanOrEqual(before);
    expect((await fetch(`${proxy.probe}/readyz`)).status).toBe(200);
  });
});

const unknownFailures = ({ failed }: { readonly failed: readonly string[] }) =>
  failed.filter((name) => !KNOWN_FAILURES.has(name));

async function runH2spec({ grpc, folder }: RunningProxy) {
  const [host = '', port = ''] = grpc.split(':');
  const report = join(folder, 'h2spec.xml');
  const path = '/kms.reencrypt.v1.ReEncryptService/ReEncrypt';
  await startChild('h2spec', ['-h', host, '-p', port, '-P', path, '-o', '1', '-j', report]).ended();
  return readReport(readFileSync(report, 'latin1'));
}

/** Its JUnit report holds bytes that no XML may hold, so it is not read as XML. */
function readReport(text: string) {
  const cases = [
    ...text.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs),
  ].map(([, part = '', name = '', body = '']) => ({
    name: `${part} | ${name}`.replaceAll('&#34;', '"').replaceAll('&quot;', '"'),
    how: /<(failure|error|skipped)/.exec(body)?.[1] ?? 'passed',
  }));
  return {
    total: cases.length,
    passed: cases.filter(({ how }) => how === 'passed').length,
    failed: cases.filter(({ how }) => how === 'failure' || how === 'error').map(({ name }) => name),
  };
}
