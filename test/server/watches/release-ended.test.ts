import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Stream } from 'node:http2';
import { expect, test } from 'vitest';
import { releaseEnded } from '../../../src/server/watches/release-ended.ts';
import { createCaller, createDoor } from '../listener/harness.ts';

test('an ended stream is held by none of its listeners, and its late error does not end the process', async () => {
  const streams: ServerHttp2Stream[] = [];
  const note = (message: unknown) => {
    streams.push((message as { stream: ServerHttp2Stream }).stream);
  };
  subscribe('http2.server.stream.created', note);
  const releasing = releaseEnded();
  const door = createDoor();
  const caller = createCaller((await door.open()).address);
  try {
    await caller.whoAmI();
    await expect.poll(() => streams.map((stream) => stream.eventNames())).toEqual([['error']]);
    expect(streams[0]?.emit('error', new Error('late'))).toBe(true);
  } finally {
    caller.close();
    await door.close();
    releasing.close();
    unsubscribe('http2.server.stream.created', note);
  }
});
