import { connect } from 'node:http2';
import { expect, test } from 'vitest';
import { startProxy } from '../helpers/proxy.ts';
import { framed, sendRaw } from '../helpers/raw-call.ts';

const MARK = 'chosen-by-a-caller';
const RE_ENCRYPT = '/kms.reencrypt.v1.ReEncryptService/ReEncrypt';

/** A field of type text or bytes. */
const field = (number: number, value: string | Buffer) =>
  Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);

/** ciphertext_blob, source_encryption_context, source_key_id and destination_key_id. */
function request(key: string): Buffer {
  const context = Buffer.concat([field(1, MARK), field(2, MARK)]);
  return framed(Buffer.concat([field(1, MARK), field(2, context), field(3, key), field(4, key)]));
}

test('no metric label holds what a caller chose', async () => {
  const proxy = await startProxy();
  const session = connect(`http://${proxy.endpoint}`);
  const marked = { 'user-agent': MARK, [MARK]: MARK };
  const told: unknown[] = [];
  for (const path of [RE_ENCRYPT, `/${MARK}/ReEncrypt`, `${RE_ENCRYPT}${MARK}`, `/${MARK}`]) {
    for (const key of [MARK, `alias/${MARK}`, `arn:aws:kms:${MARK}:1:key/1`, 'alias/demo-source']) {
      const answer = await sendRaw(session, path, request(key), marked);
      told.push(answer['grpc-status']);
    }
  }
  expect(new Set(told)).toEqual(new Set(['3', '5', '7', '12']));
  const { probe, kmsJson } = proxy.addresses;
  const headers = { 'x-amz-target': `TrentService.${MARK}`, 'user-agent': MARK };
  await fetch(`http://${kmsJson}/${MARK}`, { method: 'POST', body: '{}', headers });
  await fetch(`http://${probe}/${MARK}`, { method: MARK, headers });

  const metrics = await proxy.metrics();
  expect(metrics).toMatch(/^grpc_server_started_total\{.*"_other"\} [1-9]/m);
  expect(metrics).not.toContain(MARK);
  session.destroy();
  await proxy.stop();
});
