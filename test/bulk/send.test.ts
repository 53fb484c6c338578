import { describe, expect, test } from 'vitest';
import type { JobItem } from '../../src/bulk/item.ts';
import { createSend } from '../../src/bulk/send.ts';
import type { ItemResult } from '../../src/client/item-result.ts';
import { RefusedError, type RefusedFacts } from '../../src/client/refused-error.ts';

const refusedBy = (code: string, reason = ''): RefusedError =>
  new RefusedError(`refused by ${code}`, { code, reason, decisionId: '' } as RefusedFacts);

const item = (reference: string): JobItem => ({ item: { reference, request: null }, bytes: 1 });

const released = (reference: string): ItemResult => ({
  reference,
  response: { keyId: 'arn' } as ItemResult['response'],
  refused: undefined,
});

const refused = (reference: string, code: string): ItemResult => ({
  reference,
  response: undefined,
  refused: refusedBy(code),
});

type Answer = readonly ItemResult[] | RefusedError;

/** Answers one batch after the other, and keeps what was asked for. */
function sendTo(answers: readonly Answer[]) {
  const asked: string[][] = [];
  const send = createSend({
    client: {
      async batchReEncrypt(items) {
        const answer = answers[asked.length] ?? refusedBy('UNKNOWN');
        asked.push(items.map(({ reference = '' }) => reference));
        if (answer instanceof RefusedError) throw answer;
        return answer;
      },
    },
    patienceMs: 100,
  });
  return { send, asked };
}

const AB = [item('a'), item('b')];

describe('a batch', () => {
  test.each(['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'PERMISSION_DENIED'])(
    'is done with an item that is refused by %s',
    async (code) => {
      const results = [refused('a', code), released('b')];
      const { send, asked } = sendTo([results]);
      expect(await send(AB)).toEqual(results);
      expect(asked).toEqual([['a', 'b']]);
    },
  );

  // A token that ran out, above all, must not have every further item written down as refused.
  test.each(['UNAUTHENTICATED', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'INTERNAL', 'UNKNOWN'])(
    'asks again for an item that is refused by %s, and for no other',
    async (code) => {
      const { send, asked } = sendTo([[released('a'), refused('b', code)], [released('b')]]);
      expect(await send(AB)).toEqual([released('a'), released('b')]);
      expect(asked).toEqual([['a', 'b'], ['b']]);
    },
  );

  test('is sent again where all of it is refused for now', async () => {
    const { send } = sendTo([refusedBy('UNAVAILABLE'), [released('a'), released('b')]]);
    expect(await send(AB)).toEqual([released('a'), released('b')]);
  });

  test.each([
    ['takes it for too large', refusedBy('RESOURCE_EXHAUSTED', 'INVALID_REQUEST'), 'not take'],
    ['knows no batches', refusedBy('UNIMPLEMENTED'), 'not take'],
    ['answers for another item', [released('b'), released('a')], 'answered for another item'],
    ['answers for fewer items', [released('a')], 'answered for another item'],
  ])('ends the job where the proxy %s', async (_, answer, told) => {
    const { send, asked } = sendTo([answer]);
    await expect(send(AB)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(told),
    });
    expect(asked).toHaveLength(1);
  });
});
