import { describe, expect, test } from 'vitest';
import type { KeyDescription } from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import {
  createLookUp,
  type FactSettings,
  type KeyDirectory,
  UNKNOWN_KEY,
} from '../../src/keys/look-up.ts';
import { PLAIN_KEY } from '../helpers/plain-values.ts';

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ALL: FactSettings = { describe: true, tags: true, aliases: true, ownAccount: '' };
const signal = new AbortController().signal;

const directory: KeyDirectory = {
  describeKey: async () => ({
    arn: ARN,
    keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
    ...PLAIN_KEY,
  }),
  listAliases: async () => ['alias/a'],
  listResourceTags: async () => ({ env: 'prod' }),
};

const describedAs = (change: Partial<KeyDescription>) => async () => ({
  ...(await directory.describeKey(ARN, signal)),
  ...change,
});

const fails = (reason: 'KMS_ACCESS_DENIED' | 'KMS_KEY_NOT_FOUND' | 'KMS_THROTTLED') => async () => {
  throw new Refusal(reason, { kmsError: 'X' });
};

describe('facts of a key', () => {
  test('are complete, and include the requested key id', async () => {
    const facts = await createLookUp(directory, ALL)('alias/a', signal);
    expect(facts).toEqual({
      ...PLAIN_KEY,
      known: true,
      requestedKeyId: 'alias/a',
      keyIdForm: 'alias_name',
      alias: 'alias/a',
      keyArn: ARN,
      account: '111122223333',
      region: 'eu-west-1',
      partition: 'aws',
      keyId: ARN.slice(-36),
      tags: { env: 'prod' },
      aliases: ['alias/a'],
      factsOff: [],
    });
    expect(Object.isFrozen(facts)).toBe(true);
  });

  test.each([
    ['describeKey', 'KMS_ACCESS_DENIED', 'KEY_FACTS_UNAVAILABLE'],
    ['describeKey', 'KMS_THROTTLED', 'KEY_FACTS_UNAVAILABLE'],
    ['describeKey', 'KMS_KEY_NOT_FOUND', 'KMS_KEY_NOT_FOUND'],
    ['listAliases', 'KMS_ACCESS_DENIED', 'KEY_FACTS_UNAVAILABLE'],
    ['listResourceTags', 'KMS_ACCESS_DENIED', 'KEY_FACTS_UNAVAILABLE'],
    ['listResourceTags', 'KMS_KEY_NOT_FOUND', 'KEY_FACTS_UNAVAILABLE'],
  ] as const)('refuse the call if unavailable: %s says %s → %s', async (method, from, to) => {
    const lookUp = createLookUp({ ...directory, [method]: fails(from) }, ALL);
    await expect(lookUp(ARN, signal)).rejects.toMatchObject({ reason: to });
  });

  test.each(['CANCELLED', 'DEADLINE_EXCEEDED'] as const)(
    'that nobody waits for any more say so: %s',
    async (reason) => {
      const describeKey = () => Promise.reject(new Refusal(reason));
      const lookUp = createLookUp({ ...directory, describeKey }, ALL);
      await expect(lookUp(ARN, signal)).rejects.toMatchObject({ reason });
    },
  );

  test('are not asked for by what is no key id', async () => {
    const describeKey = () => Promise.reject(new Error('asked'));
    const lookUp = createLookUp({ ...directory, describeKey }, ALL);
    await expect(lookUp('alias/a b', signal)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  });

  test('that are unavailable keep KMS’s error name and when to retry', async () => {
    const throttled = async () => {
      throw new Refusal('KMS_THROTTLED', { kmsError: 'ThrottlingException', retryAfterMs: 1000 });
    };
    const lookUp = createLookUp({ ...directory, describeKey: throttled }, ALL);
    const kept = { kmsError: 'ThrottlingException', retryAfterMs: 1000 };
    await expect(lookUp(ARN, signal)).rejects.toMatchObject(kept);
  });

  test.each<[string, Partial<KeyDirectory>]>([
    ['a line end in its ARN', { describeKey: describedAs({ arn: `${ARN}\n` }) }],
    [
      'an alias for its ARN',
      { describeKey: describedAs({ arn: ARN.replace(':key/', ':alias/') }) },
    ],
    ['the ARN of another', { describeKey: describedAs({ arn: ARN.replace(/b$/, 'c') }) }],
    ['the id of another', { describeKey: describedAs({ keyId: ARN.slice(-36, -1) }) }],
    ['a number for its ARN', { describeKey: describedAs({ arn: 5 as never }) }],
    ['a spec without end', { describeKey: describedAs({ spec: 'S'.repeat(70_000) }) }],
    ['tags without end', { listResourceTags: async () => ({ env: 'p'.repeat(70_000) }) }],
    ['aliases without end', { listAliases: async () => Array(7000).fill('alias/a') }],
  ])('are refused for a key with %s', async (_, answers) => {
    const lookUp = createLookUp({ ...directory, ...answers }, ALL);
    await expect(lookUp(ARN, signal)).rejects.toMatchObject({ reason: 'KEY_FACTS_UNAVAILABLE' });
  });

  test.each([
    ['another key', ARN.replace(/b$/, 'c')],
    ['another key by its id', ARN.slice(-36).replace(/b$/, 'c')],
    ['a key of another account', ARN.replace('111122223333', '444455556666')],
    ['an alias of another Region', 'arn:aws:kms:eu-west-2:111122223333:alias/a'],
    ['an alias of another partition', 'arn:aws-cn:kms:eu-west-1:111122223333:alias/a'],
  ])('are refused if the call asked for %s', async (_, asked) => {
    const lookUp = createLookUp(directory, ALL);
    await expect(lookUp(asked, signal)).rejects.toMatchObject({ reason: 'KEY_FACTS_UNAVAILABLE' });
  });

  test.each([
    ['aliases', 'listAliases', { aliases: [], tags: { env: 'prod' } }],
    ['tags', 'listResourceTags', { aliases: ['alias/a'], tags: {} }],
  ])(
    'that are switched off are empty, listed as off, and never requested: %s',
    async (fact, method, left) => {
      const silent = { ...directory, [method]: fails('KMS_ACCESS_DENIED') };
      const facts = await createLookUp(silent, { ...ALL, [fact]: false })(ARN, signal);
      expect(facts).toMatchObject({ ...left, factsOff: [fact] });
    },
  );

  test('exclude lists for keys of other accounts, which KMS does not list', async () => {
    const silent = {
      ...directory,
      listAliases: fails('KMS_ACCESS_DENIED'),
      listResourceTags: fails('KMS_ACCESS_DENIED'),
    };
    const facts = await createLookUp(silent, { ...ALL, ownAccount: '999999999999' })(ARN, signal);
    expect(facts).toMatchObject({ aliases: [], tags: {}, factsOff: ['aliases', 'tags'] });
    const own = await createLookUp(directory, { ...ALL, ownAccount: '111122223333' })(ARN, signal);
    expect(own).toMatchObject({ aliases: ['alias/a'], tags: { env: 'prod' }, factsOff: [] });
  });

  test('come only from the key ARN if DescribeKey is off', async () => {
    const lookUp = createLookUp(directory, { ...ALL, describe: false });
    await expect(lookUp(ARN, signal)).resolves.toEqual({
      ...UNKNOWN_KEY,
      known: true,
      requestedKeyId: ARN,
      keyIdForm: 'key_arn',
      keyArn: ARN,
      partition: 'aws',
      region: 'eu-west-1',
      account: '111122223333',
      keyId: ARN.slice(-36),
      factsOff: [
        'aliases',
        'created_unix_ms',
        'manager',
        'multi_region_type',
        'origin',
        'spec',
        'state',
        'tags',
        'usage',
      ],
    });
    await expect(lookUp('alias/a', signal)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  });

  test('of a multi-Region key say so even if DescribeKey is off', async () => {
    const replica = ARN.replace(ARN.slice(-36), 'mrk-1234abcd12ab34cd56ef1234567890ab');
    const lookUp = createLookUp(directory, { ...ALL, describe: false });
    await expect(lookUp(replica, signal)).resolves.toMatchObject({ multiRegion: true });
  });
});
