import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleBundle } from '../helpers/example-bundle.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';

const TO = { destination: { keys: ['alias/to'] }, context: { keep: [] } };
const LOOSE = { id: 'loose', source: { keys: ['alias/loose'] }, ...TO };
const STRICT = { id: 'strict', source: { keys: ['alias/strict'], may_be_unknown: false }, ...TO };

test('a source key that the caller must name is not released because another rule lets it be unknown', async () => {
  const seed = join(mkdtempSync(join(tmpdir(), 'unnamed-')), 'keys.yaml');
  writeFileSync(
    seed,
    'keys: [{ alias: alias/loose }, { alias: alias/strict }, { alias: alias/to }]',
  );
  const policy = `policy.source=${exampleBundle(STRICT, LOOSE)}`;
  const proxy = await startProxy([`kms.embedded.seed=${seed}`, policy]);
  const client = connect(proxy.endpoint);
  const from = (alias: string, sourceKeyId?: string) => {
    const asked = { KeyId: alias, Plaintext: Buffer.from('plaintext') };
    const ciphertextBlob = proxy.embedded?.operations.Encrypt(asked).CiphertextBlob;
    const request = { ciphertextBlob: ciphertextBlob ?? new Uint8Array() };
    const named = sourceKeyId === undefined ? {} : { sourceKeyId };
    return reEncrypt(client, { ...request, ...named, destinationKeyId: 'alias/to' });
  };
  await from('alias/strict', 'alias/strict');
  await from('alias/loose');
  const { reason, message, decisionId } = await refusalOf(from('alias/strict'));
  expect([reason, message]).toEqual(['POLICY_DENIED', 'rule strict asks for source_key_id']);
  const entry = proxy.entries().findLast((one) => one['decision_id'] === decisionId);
  expect(entry).toMatchObject({
    input: { phase: 'result', source: { aliases: ['alias/strict'] } },
    outcome: { status: 'withheld' },
    result: { allow: false, rule: 'strict' },
  });
  closeAll(client);
  await proxy.stop();
});
