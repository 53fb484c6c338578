import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { readSeed } from '../../../src/kms/embedded/seed.ts';
import { codeOf, kmsWithClock } from './helpers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-kms-'));
});

function seedOf(yaml: string) {
  const file = join(folder, 'keys.yaml');
  writeFileSync(file, yaml);
  return readSeed(file);
}

it('the demo seed has its keys, with tags and aliases', () => {
  const { operations } = kmsWithClock({ seed: readSeed('config/demo-keys.yaml') });
  for (const KeyId of ['alias/demo-source', 'alias/demo-destination']) {
    const { KeyMetadata } = operations.DescribeKey({ KeyId });
    expect(KeyMetadata.KeyState).toBe('Enabled');
    const { Tags } = operations.ListResourceTags({ KeyId: KeyMetadata.KeyId });
    expect(Tags).toContainEqual({ TagKey: 'env', TagValue: 'demo' });
  }
});

it('a key with given id and material opens its ciphertexts after every start', () => {
  const yaml = `keys:
  - alias: alias/fixed
    key_id: e0bedded-0000-8000-8000-000000000001
    material: ${Buffer.alloc(32, 7).toString('base64')}
    region: us-west-2
    account: '444455556666'
    enabled: true
`;
  const caller = { region: 'us-west-2', account: '444455556666' };
  const first = kmsWithClock({ seed: seedOf(yaml) }).operations;
  const { CiphertextBlob } = first.Encrypt(
    { KeyId: 'alias/fixed', Plaintext: Uint8Array.of(1) },
    caller,
  );
  const second = kmsWithClock({ seed: seedOf(yaml) }).operations;
  const { KeyId } = second.Decrypt({ CiphertextBlob }, caller);
  expect(KeyId).toBe('arn:aws:kms:us-west-2:444455556666:key/e0bedded-0000-8000-8000-000000000001');
});

it('an access key stands for its principal in the seed, or for the account of its 12 digits', () => {
  const seed = seedOf('principals: { AKIDBOB: "arn:aws:iam::444455556666:user/bob" }');
  const { callerOf } = kmsWithClock({ seed });
  expect(callerOf('AKIDBOB')).toEqual({
    account: '444455556666',
    principal: 'arn:aws:iam::444455556666:user/bob',
  });
  expect(callerOf('123456789012')).toEqual({ account: '123456789012' });
  expect(callerOf('test')).toEqual({});
});

it('an error in a seed names file and member', () => {
  expect(() => seedOf('keys: [{ aliaz: x }]')).toThrow(/keys\.yaml is not valid: keys\.0: .*aliaz/);
  expect(() => seedOf('keys: [{ key_id: 1234abcd-12ab-34cd-56ef-1234567890ab }]')).toThrow(
    /keys\.0\.key_id: must look like e0bedded-/,
  );
  for (const account of ['1111222233334', '11112222333', 'a111122223333']) {
    expect(() => seedOf(`keys: [{ account: '${account}' }]`)).toThrow(/keys\.0\.account: /);
  }
  expect(() => seedOf(': :')).toThrow(/keys\.yaml/);
  // Without the line itself, which may hold a key's material.
  expect(() => seedOf('keys:\n - material: c2VjcmV0: x')).toThrow(/line 2, column \d+$/);
  expect(() => readSeed(join(folder, 'none.yaml'))).toThrow(/none\.yaml cannot be read/);
  const short = seedOf('keys: [{ alias: alias/a, material: AAAA }]');
  expect(() => kmsWithClock({ seed: short })).toThrow(
    /material of seeded key alias\/a does not fit/,
  );
  const alias = seedOf('keys: [{ alias: no-prefix }]');
  expect(codeOf(() => kmsWithClock({ seed: alias }))).toBe('ValidationException');
});

it('a seed with a key id or an alias twice is refused as a whole', () => {
  const id = 'mrk-e0bedded000080008000000000000000';
  const twice = `keys: [{ key_id: ${id} }, { key_id: ${id}, region: us-west-2 }]`;
  expect(() => seedOf(twice)).toThrow(`keys.1: ${id} is given twice`);
  expect(() => seedOf('keys: [{ alias: alias/a }, { aliases: [alias/a] }]')).toThrow(/alias\/a is/);
  const apart = 'keys: [{ alias: alias/a }, { alias: alias/a, region: us-west-2 }]';
  expect(seedOf(apart).keys).toHaveLength(2);
});
