import { expect, it } from 'vitest';
import { completeInput } from '../../../src/cli/policy/complete-input.ts';

const PARTNER = 'arn:aws-cn:kms:cn-north-1:444455556666:key/abc';

it('an ARN says the account and Region of its side, and so the relation of both', () => {
  const { source, destination, relation } = completeInput({ destination: { key_arn: PARTNER } });
  expect(destination).toMatchObject({
    ...{ partition: 'aws-cn', region: 'cn-north-1', account: '444455556666', key_id: 'abc' },
  });
  expect(source.account).toBe('111122223333');
  expect(relation).toMatchObject({ same_account: false, same_region: false });
});

it('what is given beside an ARN counts, and a key without an ARN has no account', () => {
  const source = { key_arn: PARTNER, account: '777788889999' };
  const completed = completeInput({ source, destination: { key_arn: '' } });
  expect(completed.source).toMatchObject({ account: '777788889999', region: 'cn-north-1' });
  expect(completed.destination).toMatchObject({ account: '', region: '', key_id: '' });
});
