import { describe, expect, test } from 'vitest';
import type { JobItem } from '../../src/bulk/item.ts';
import { createSend } from '../../src/bulk/send.ts';
import type { ItemResult } from '../../src/client/item-result.ts';
import { RefusedError, type RefusedFacts } from '../../src/client/refused-error.ts';

const refusedBy = (code: string, reason = '', message = `refused by ${code}`): RefusedError =>
  new RefusedError(message, { code, reason, decisionId: '' } as RefusedFacts);

const tooLarge = (message: string) => refusedBy('RESOURCE_EXHAUSTED', '', message);

const item = (reference: string): JobItem => ({
  item: { reference, request: null },
  digest: '',
  bytes: 1,
});

const released = (reference: string): ItemResult => ({
  reference,
  response: { keyId: 'arn' } as ItemResult['response'],
  refused: undefined,
});

const dryRun = (reference: string): ItemResult => ({
  reference,
  response: { dryRun: true } as ItemResult['response'],
  refused: undefined,
});

const refused = (reference: string, code: string): ItemResult => ({
  reference,
  response: undefined,
  refused: refusedBy(code),
});

type Answer = readonly ItemResult[] | RefusedError;

/** Gives each batch the next answer, and records what was sent. */
function sendTo(answers: readonly Answer[], { patienceMs = 100 } = {}) {
  const asked: string[][] = [];
  const paced: number[] = [];
  const heldUpBy: string[] = [];
  const sendPairs = createSend({
    client: {
      async batchReEncrypt(items) {
        const answer = answers[asked.length] ?? refusedBy('UNKNOWN');
        asked.push(items.map(({ reference = '' }) => reference));
        if (answer instanceof RefusedError) throw answer;
        return answer;
      },
    },
    patienceMs,
    pace: async (items) => void paced.push(items),
    onHeldUp: ({ message }) => void heldUpBy.push(message),
  });
  const send = async (items: readonly JobItem[]) => {
    const { done, ...rest } = await sendPairs(items);
    expect(done.map(([sent]) => sent)).toEqual(items.slice(0, done.length));
    return { ...rest, done: done.map(([, result]) => result) };
  };
  return { send, asked, paced, heldUpBy };
}

const AB = [item('a'), item('b')];

describe.concurrent('a batch', () => {
  test.each(['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'PERMISSION_DENIED'])(
    'does not resend an item refused by %s',
    async (code) => {
      const results = [refused('a', code), released('b')];
      const { send, asked } = sendTo([results]);
      expect(await send(AB)).toEqual({ done: results });
      expect(asked).toEqual([['a', 'b']]);
    },
  );

  // Above all, an expired token must not get every later item recorded as refused.
  test.each(['UNAUTHENTICATED', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'INTERNAL', 'UNKNOWN'])(
    'resends an item refused by %s, and no other',
    async (code) => {
      const { send, asked } = sendTo([[released('a'), refused('b', code)], [released('b')]]);
      expect(await send(AB)).toEqual({ done: [released('a'), released('b')] });
      expect(asked).toEqual([['a', 'b'], ['b']]);
    },
  );

  test('is sent again if all of it is refused for now', async () => {
    const { send } = sendTo([refusedBy('UNAVAILABLE'), [released('a'), released('b')]]);
    expect(await send(AB)).toEqual({ done: [released('a'), released('b')] });
  });

  test('counts resent items towards the pace', async () => {
    const { send, paced } = sendTo([[refused('a', 'UNKNOWN'), released('b')], [released('a')]]);
    await send(AB);
    expect(paced).toEqual([2, 1]);
  });

  test('reports a longer hold-up once', async () => {
    const { send, heldUpBy } = sendTo(
      [
        ...Array.from({ length: 3 }, () => refusedBy('UNAUTHENTICATED')),
        AB.map(() => released('a')),
      ],
      { patienceMs: 10_000 },
    );
    await send([item('a'), item('a')]);
    expect(heldUpBy).toEqual(['refused by UNAUTHENTICATED']);
  });

  test('that is given up keeps the results before the first undone item', async () => {
    const { send } = sendTo([[released('a'), refused('b', 'INTERNAL'), released('c')]], {
      patienceMs: 0,
    });
    expect(await send([...AB, item('c')])).toMatchObject({
      done: [released('a')],
      fault: { kind: 'later', message: 'given up for now at "b": refused by INTERNAL (INTERNAL)' },
    });
  });

  test.each([
    ['the proxy', refusedBy('INVALID_ARGUMENT', 'INVALID_REQUEST')],
    ['gRPC in the proxy', refusedBy('RESOURCE_EXHAUSTED', 'INVALID_REQUEST')],
    ['gRPC of Node.js', tooLarge('Received message larger than max (300040 vs 262144)')],
    ['gRPC of Go', tooLarge('grpc: received message larger than max (300040 vs. 262144)')],
    ['gRPC of Java', tooLarge('gRPC message exceeds maximum size 262144: 300040')],
  ])('that %s finds too large is halved, down to the item that is', async (_, answer) => {
    const { send, asked } = sendTo([answer, answer, [released('a')], answer, [released('c')]]);
    const refusal = { reference: 'b', response: undefined, refused: answer };
    expect(await send([...AB, item('c')])).toEqual({
      done: [released('a'), refusal, released('c')],
    });
    expect(asked.map((names) => names.join(''))).toEqual(['abc', 'ab', 'a', 'b', 'c']);
  });

  test.each([
    ['knows no batches', refusedBy('UNIMPLEMENTED'), 'not take'],
    ['answers for another item', [released('b'), released('a')], 'answered for another item'],
    ['answers for fewer items', [released('a')], 'answered for another item'],
    ['answers for more items', ['a', 'b', 'c'].map(released), 'answered for another item'],
    ['answers as for a dry run', ['a', 'b'].map(dryRun), 'answered for a dry run'],
  ])('ends the job if the proxy %s', async (_, answer, told) => {
    const { send, asked } = sendTo([answer]);
    await expect(send(AB)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(told),
    });
    expect(asked).toHaveLength(1);
  });
});
