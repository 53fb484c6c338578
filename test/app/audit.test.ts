import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startReceiver } from '../audit/receiver.ts';
import { startAwsProxy } from '../helpers/aws-proxy.ts';
import { startProxy } from '../helpers/proxy.ts';

/** A service off the host that answers every post with `status`, and keeps what it got. */
async function startService(status: number) {
  const got: { readonly token: string | undefined; readonly body: Buffer }[] = [];
  const receiver = await startReceiver(({ headers }, body) => {
    got.push({ token: headers.authorization, body });
    return status;
  });
  return { ...receiver, got };
}

test('audit.decision_log sends every entry to the service, with the token', async () => {
  await using service = await startService(200);
  const token = join(mkdtempSync(join(tmpdir(), 'token-')), 'token');
  writeFileSync(token, 'secret\n');
  const proxy = await startProxy([
    `audit.decision_log={"url":"${service.url}","token_file":"${token}"}`,
  ]);
  await expect.poll(() => service.got.length).toBeGreaterThan(0);
  const events = service.got.flatMap(({ body }) => JSON.parse(gunzipSync(body).toString()));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, seq) => seq));
  expect(new Set(service.got.map(({ token }) => token))).toEqual(new Set(['Bearer secret']));
  const undelivered = 'kms_reencrypt_audit_undelivered_entries{sink="decision-log"}';
  expect(await proxy.metric(undelivered)).toMatch(/^\d+$/);
  await proxy.stop();
});

test('a checkpoint that its keeper refuses is in the log and the metrics', async () => {
  await using keeper = await startService(503);
  const proxy = await startProxy([
    'audit.checkpoint.every_ms=100',
    `audit.checkpoint.post.url=${keeper.url}`,
  ]);
  const failures = () => proxy.metric('kms_reencrypt_audit_failures_total{cause="UNDELIVERED"}');
  await expect.poll(failures).toMatch(/^[1-9]/);
  expect(proxy.logged.join('')).toContain(`the checkpoint did not reach ${keeper.url}`);
  await proxy.stop();
});

test('each segment says whether the keys of an embedded KMS were allowed', async () => {
  for (const allowed of [true, false]) {
    const settings = [`kms.aws.allow_embedded=${allowed}`];
    const { proxy, close } = await startAwsProxy({ settings });
    const [{ labels }] = proxy.entries() as [{ labels: Record<string, unknown> }];
    expect(labels['backend']).toBe('aws');
    expect(labels['allow_embedded']).toBe(allowed ? 'true' : undefined);
    await close();
  }
});
