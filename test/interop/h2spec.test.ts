import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KNOWN_FAILURES } from './h2spec-failures.ts';
import { startChild } from './helpers/child.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith } from './helpers/tools.ts';

/**
 * h2spec sends a request and then, separately, the wrong frame. On a busy machine the answer to
 * the request may close the stream in between, and frames for a closed stream are ignored. So a
 * failed case is run again on its own, and fails the suite only if it never passes.
 */
const RERUNS = 5;

describeWith(['h2spec'], 'h2spec', () => {
  let proxy: RunningProxy;

  beforeAll(async () => {
    proxy = await startProxy();
  });

  afterAll(() => proxy.stop());

  const openFiles = (): number => readdirSync(`/proc/${proxy.child.pid}/fd`).length;

  test('fails only in known cases, and leaves no socket open', async () => {
    const before = openFiles();
    const cases = await runH2spec(proxy);
    expect(cases).toHaveLength(145);
    // The skipped cases need an answer with a body.
    expect(cases.filter(({ how }) => how === 'skipped').length).toBeLessThanOrEqual(4);
    const unknown = cases.filter(({ how, name }) => how === 'failed' && !KNOWN_FAILURES.has(name));
    expect(await neverPassed(proxy, unknown)).toEqual([]);
    await expect.poll(openFiles, { timeout: 20_000, interval: 500 }).toBeLessThanOrEqual(before);
    expect((await fetch(`${proxy.probe}/readyz`)).status).toBe(200);
  });
});

interface Case {
  /** As h2spec takes it: `http2/6.9/2`. */
  readonly id: string;
  readonly name: string;
  readonly how: 'passed' | 'failed' | 'skipped';
}

/** Names of the cases that fail in every rerun too. */
async function neverPassed(proxy: RunningProxy, failed: readonly Case[]): Promise<string[]> {
  const idsByName = new Map(failed.map(({ id, name }) => [name, id]));
  for (let left = RERUNS; left > 0 && idsByName.size > 0; left -= 1) {
    const again = await runH2spec(proxy, [...idsByName.values()]);
    for (const { name, how } of again) if (how === 'passed') idsByName.delete(name);
  }
  return [...idsByName.keys()];
}

/** All cases, or those of these ids. */
async function runH2spec({ grpc, folder }: RunningProxy, ids: readonly string[] = []) {
  const [host = '', port = ''] = grpc.split(':');
  const report = join(folder, 'h2spec.xml');
  // A run that could not start would leave the report of the last one.
  rmSync(report, { force: true });
  const path = '/kms.reencrypt.v1.ReEncryptService/ReEncrypt';
  const args = ['-h', host, '-p', port, '-P', path, '-o', '1', '-j', report, ...ids];
  await startChild('h2spec', args).ended();
  return readReport(readFileSync(report, 'latin1'));
}

/** The JUnit report holds bytes that are invalid in XML, so it is not parsed as XML. */
function readReport(text: string): Case[] {
  const found = text.matchAll(
    /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs,
  );
  const counts = new Map<string, number>();
  return [...found].map(([, part = '', name = '', body = '']) => {
    // It lacks the numbers of cases, but they are in order, and a whole run omits none.
    const number = (counts.get(part) ?? 0) + 1;
    counts.set(part, number);
    return {
      id: `${part}/${number}`,
      name: `${part} | ${name}`.replaceAll('&#34;', '"').replaceAll('&quot;', '"'),
      how: howOf(body),
    };
  });
}

function howOf(body: string): Case['how'] {
  if (/<(failure|error)/.test(body)) return 'failed';
  return body.includes('<skipped') ? 'skipped' : 'passed';
}
