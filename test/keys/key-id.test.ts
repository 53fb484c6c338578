import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeyId } from '../../src/keys/key-id.ts';

const PLACE = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const NOWHERE = { partition: '', region: '', account: '' };
const UUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const MRK = `mrk-${'a'.repeat(32)}`;

describe('the four forms of a key id', () => {
  test.each([
    [UUID, { form: 'key_id', ...NOWHERE, keyId: UUID, alias: '' }],
    [MRK, { form: 'key_id', ...NOWHERE, keyId: MRK, alias: '' }],
    ['alias/a/b_c-d', { form: 'alias_name', ...NOWHERE, keyId: '', alias: 'alias/a/b_c-d' }],
    ['alias/mrk-1', { form: 'alias_name', ...NOWHERE, keyId: '', alias: 'alias/mrk-1' }],
    [
      `arn:aws:kms:eu-west-1:111122223333:key/${UUID}`,
      { form: 'key_arn', ...PLACE, keyId: UUID, alias: '' },
    ],
    [
      'arn:aws:kms:eu-west-1:111122223333:alias/mrk-1',
      { form: 'alias_arn', ...PLACE, keyId: '', alias: 'alias/mrk-1' },
    ],
    [
      `arn:aws-cn:kms:cn-north-1:111122223333:key/${MRK}`,
      {
        form: 'key_arn',
        partition: 'aws-cn',
        region: 'cn-north-1',
        account: '111122223333',
        keyId: MRK,
        alias: '',
      },
    ],
  ])('%s', (text, parts) => {
    expect(parseKeyId(text)).toEqual(parts);
  });

  test.each([
    '',
    'alias/',
    'arn:aws:kms:eu-west-1:111122223333:key/',
    'arn:aws:kms:eu-west-1:11112222333:key/x',
    'arn:aws:s3:eu-west-1:111122223333:key/x',
    'arn:aws:kms:eu-west-1:111122223333:grant/x',
    `arn:aws:kms:eu-west-1:111122223333:kex/${UUID}`,
    'arn:aws:kms:eu-west-1:111122223333:x/alias/a',
    `arn:aws:s3:::arn:aws:kms:eu-west-1:111122223333:key/${UUID}`,
    'x/alias/a',
    `arn:aws:kms:eu-west-1:111122223333:key/${UUID}:x`,
    `${UUID}\n`,
    'key id',
    'ключ',
  ])('%j is none of them', (text) => {
    expect(parseKeyId(text)).toBeUndefined();
  });

  test('parsing never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        parseKeyId(text);
      }),
    );
  });
});
