import { expect, test } from 'vitest';
import { isLoopback } from '../src/loopback.ts';

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
  'localhost\n',
])('%j is not', (host) => {
  expect(isLoopback(host)).toBe(false);
});
