import { expect, test } from 'vitest';
import { boundProvider } from '../../../src/kms/aws/bounded-provider.ts';

test('a provider that hangs is abandoned, and the next call asks a new one', async () => {
  let made = 0;
  const provide = boundProvider(
    () => {
      made += 1;
      const hangs = made === 1;
      return () => (hangs ? new Promise<string>(() => {}) : Promise.resolve('fresh'));
    },
    { limitMs: 20 },
  );
  const both = await Promise.allSettled([provide(), provide()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(both[0]).toMatchObject({ reason: { name: 'CredentialsProviderError' } });
  expect(await provide()).toBe('fresh');
});

test('the more requests hang, the later the next one, until one of them settles or one is answered', async () => {
  let at = 0;
  let asked = 0;
  let answer: string | undefined;
  const settle: (() => void)[] = [];
  const provide = boundProvider(
    () => () => {
      asked += 1;
      if (answer !== undefined) return Promise.resolve(answer);
      return new Promise<string>((_, reject) => settle.push(() => reject(new Error('killed'))));
    },
    { limitMs: 2, now: () => at },
  );
  const fails = (why: string) => expect(provide()).rejects.toThrow(`no credentials: ${why}`);
  for (let hung = 0; hung < 4; hung += 1) await fails('none within 2 ms');
  await fails('4 requests for them still hang');
  at += 2;
  await fails('none within 2 ms');
  at += 3;
  await fails('5 requests for them still hang');
  at += 1;
  await fails('none within 2 ms');
  expect(asked).toBe(6);
  for (const end of settle.splice(3)) end();
  await new Promise(setImmediate);
  await fails('none within 2 ms');
  await fails('4 requests for them still hang');
  answer = 'fresh';
  at += 2;
  expect(await provide()).toBe('fresh');
  expect(await provide()).toBe('fresh');
});

test('an answer that comes after the limit serves the next call, unless another was answered before', async () => {
  const answers: ((key: string) => void)[] = [];
  const make = () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    answers.push(resolve);
    return () => promise;
  };
  const provide = boundProvider(make, { limitMs: 2 });
  const late = () => expect(provide()).rejects.toThrow('none within 2 ms');
  await late();
  await late();
  answers[1]?.('second');
  await new Promise(setImmediate);
  expect(await provide()).toBe('second');
  answers[0]?.('first');
  await new Promise(setImmediate);
  await late();
});

test('an answer that comes after the limit serves no call five minutes later', async () => {
  let at = 0;
  const answers: ((key: string) => void)[] = [];
  const make = () => () => new Promise<string>((resolve) => answers.push(resolve));
  const provide = boundProvider(make, { limitMs: 2, now: () => at });
  const late = () => expect(provide()).rejects.toThrow('none within 2 ms');
  await late();
  answers[0]?.('old');
  await new Promise(setImmediate);
  at += 300_000;
  await late();
  answers[1]?.('new');
  await new Promise(setImmediate);
  expect(await provide()).toBe('new');
});

test('even if very many hang, the next is asked within ten minutes', async () => {
  let at = 0;
  let asked = 0;
  const hangs = () => {
    asked += 1;
    return new Promise<string>(() => {});
  };
  const provide = boundProvider(() => hangs, { limitMs: 1, now: () => at });
  for (let hour = 0; hour < 30; hour += 1) {
    await expect(provide()).rejects.toThrow();
    at += 600_000;
  }
  expect(asked).toBe(30);
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
