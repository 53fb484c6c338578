import type { LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLookUp } from '../../../../src/kms/aws/http/look-up.ts';

type Tell = Parameters<LookupFunction>[2];

const LATE_MS = 20;
const ADDRESSES = [{ address: '192.0.2.1', family: 4 }];
const NOT_FOUND = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });

/** A resolver that answers when the test says so, by `asked`; `told` is what connections have been told. */
function startResolver() {
  const asked: Tell[] = [];
  const told: unknown[] = [];
  const lookUp = createLookUp({
    ask: (_host, _options, tell) => asked.push(tell),
    lateMs: LATE_MS,
  });
  return {
    asked,
    told,
    connect: (host = 'kms.test') =>
      lookUp(host, { all: true }, (error, found) => told.push(error ?? found)),
  };
}

test('connections that are opened at once share a look-up, and the next one makes its own', () => {
  const { asked, told, connect } = startResolver();
  for (let n = 0; n < 100; n += 1) connect();
  expect(asked.length).toBe(1);
  asked[0]?.(null, ADDRESSES);
  expect(told).toEqual(Array.from({ length: 100 }, () => ADDRESSES));
  connect();
  expect(asked.length).toBe(2);
});

test('a look-up that takes long holds up nobody who comes later: the first answer is for all', async () => {
  const { asked, told, connect } = startResolver();
  connect();
  await sleep(LATE_MS + 5);
  connect();
  expect(asked.length).toBe(2);
  asked[1]?.(null, ADDRESSES);
  expect(told).toEqual([ADDRESSES, ADDRESSES]);
  asked[0]?.(NOT_FOUND, []);
  expect(told.length).toBe(2);
});

test('while the resolver is silent, two look-ups wait and no more', async () => {
  const { asked, told, connect } = startResolver();
  for (let n = 0; n < 5; n += 1) {
    connect();
    await sleep(LATE_MS + 5);
  }
  expect(asked.length).toBe(2);
  asked[0]?.(NOT_FOUND, []);
  expect(told).toEqual(Array.from({ length: 5 }, () => NOT_FOUND));
});

test('each name has an answer of its own: the SDK asks STS over the same agent', () => {
  const { asked, told, connect } = startResolver();
  connect('kms.test');
  connect('sts.test');
  expect(asked.length).toBe(2);
  asked[1]?.(NOT_FOUND, []);
  expect(told).toEqual([NOT_FOUND]);
});
