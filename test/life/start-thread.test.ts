import { expect, test } from 'vitest';
import { startThread } from '../../src/life/start-thread.ts';

test('a thread that cannot be started throws nothing: it ends, and says why once', async () => {
  const causes: unknown[] = [];
  const thread = startThread<string, never>({
    name: 'shadow',
    // Whatever is in the way; the limit of a system's threads (EAGAIN) is not ours to lower here.
    data: { uncloneable: () => undefined },
    onReport: () => undefined,
    onEnd: (cause) => causes.push(cause),
  });
  expect(causes).toEqual([]);
  thread.post('order');
  thread.stop();
  await thread.ended();
  await thread.end('last', 1);
  expect(causes.map(String)).toEqual([
    expect.stringMatching(/^Error: the shadow thread cannot be started: .*could not be cloned/),
  ]);
});
