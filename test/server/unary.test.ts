import { EventEmitter } from 'node:events';
import { Metadata, type sendUnaryData, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unaryHandler } from '../../src/server/unary.ts';
import { handlerTools } from './handler-tools.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const bug = new Error('a bug');

test.each([
  ['is answered', async () => 'answer', null],
  ['fails by a fault of ours, which is logged', async () => Promise.reject(bug), status.INTERNAL],
])('a call that %s leaves no timer', async (_, perform, code) => {
  const onInternal = vi.fn();
  const tools = handlerTools({ arrivalOf: () => ({ peer: '' }), onInternal });
  const handler = unaryHandler({ method: 'ReEncrypt', action: 'kms:ReEncrypt', perform }, tools);
  const call = {
    metadata: new Metadata(),
    request: { bytes: 0, decode: () => ({}) },
    getDeadline: () => Infinity,
  };
  const answered = await new Promise<Parameters<sendUnaryData<string>>>((resolve) => {
    const live = Object.assign(new EventEmitter(), call) as never;
    handler(live, (...answer) => resolve(answer));
  });
  expect(answered[0]?.code ?? null).toBe(code);
  expect(onInternal.mock.calls).toEqual(code === null ? [] : [['id', bug]]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a message is decoded when it is its turn', async () => {
  const turn = Promise.withResolvers<void>();
  const asked = vi.fn(() => turn.promise);
  const tools = handlerTools({ arrivalOf: () => ({ peer: '' }), turn: asked });
  const perform = async () => 'answer';
  const handler = unaryHandler({ method: 'ReEncrypt', action: 'kms:ReEncrypt', perform }, tools);
  const request = { bytes: 600, decode: vi.fn(() => ({})) };
  const call = { metadata: new Metadata(), request, getDeadline: () => Infinity };
  const answered = new Promise((resolve) => {
    handler(Object.assign(new EventEmitter(), call) as never, resolve);
  });
  await Promise.resolve();
  expect(asked.mock.calls).toEqual([[600]]);
  expect(request.decode).not.toHaveBeenCalled();
  turn.resolve();
  expect(await answered).toBe(null);
  expect(request.decode).toHaveBeenCalledOnce();
});
