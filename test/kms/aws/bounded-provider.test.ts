import { expect, test } from 'vitest';
import { boundProvider } from '../../../src/kms/aws/bounded-provider.ts';

test('a provider that hangs is abandoned, and the next call asks a new one', async () => {
  let made = 0;
  const provide = boundProvider(() => {
    made += 1;
    const hangs = made === 1;
    return () => (hangs ? new Promise<string>(() => {}) : Promise.resolve('fresh'));
  }, 20);
  const both = await Promise.allSettled([provide(), provide()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(both[0]).toMatchObject({ reason: { name: 'CredentialsProviderError' } });
  expect(await provide()).toBe('fresh');
});

test('a provider that answers or fails is kept, and its failure is a CredentialsProviderError', async () => {
  let made = 0;
  let next: () => Promise<string> = async () => 'key';
  const provide = boundProvider(() => {
    made += 1;
    return () => next();
  });
  expect(await provide()).toBe('key');
  next = async () => {
    throw Object.assign(new Error('Not authorized to assume'), { name: 'AccessDenied' });
  };
  await expect(provide()).rejects.toMatchObject({
    name: 'CredentialsProviderError',
    message: 'no credentials: Not authorized to assume',
  });
  next = async () => {
    throw Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  };
  await expect(provide()).rejects.toThrow('no credentials: ECONNREFUSED');
  expect(made).toBe(1);
});
