import { expect, test } from 'vitest';
import { isLocal, isLoopback } from '../../src/addresses/loopback.ts';

test.each(['localhost', '127.0.0.1', '127.255.0.3', '[::1]'])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each([
  '',
  '::1',
  '[::]',
  '0.0.0.0',
  '10.0.0.1',
  '128.0.0.1',
  '127.0.0',
  '127.0.0.1.example',
  'localhost.example',
  'my-localhost',
  'a127.0.0.1',
  '2127.0.0.1',
  'localhost\n',
])('%j is not', (host) => {
  expect(isLoopback(host)).toBe(false);
});

test.each(['127.0.0.1:80', '[::1]:80', 'localhost', 'unix:/run/a', 'unix-abstract:a'])(
  'the address %s is this machine',
  (address) => expect(isLocal(address)).toBe(true),
);

test.each(['127.example.com:80', '127.0.0.1.example:80', '[::]:80', '/run/unix:a'])(
  'the address %s is not',
  (address) => expect(isLocal(address)).toBe(false),
);
