import { expect, test } from 'vitest';
import { startAwsProxy } from '../helpers/aws-proxy.ts';
import { reEncrypt, refusalOf } from '../helpers/grpc-client.ts';

const CALL = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/demo-source',
  destinationKeyId: 'alias/demo-destination',
};

test('an open circuit breaker is in the log and the metrics', async () => {
  const { kms, proxy, client, close } = await startAwsProxy();
  const open = () => proxy.metric('kms_reencrypt_breaker_open');
  expect(await open()).toBe('0');
  kms.always({ kind: 'error', name: 'KMSInternalException', status: 500 }, 'ReEncrypt');
  const told = async () => (await refusalOf(reEncrypt(client, CALL))).message;
  await Promise.all(Array.from({ length: 20 }, told));
  await expect.poll(told, { interval: 1 }).toMatch(/failed too often/);
  expect(await open()).toBe('1');
  expect(proxy.logged.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ state: 'open', msg: 'the circuit breaker towards KMS' }),
  );
  await close();
});
