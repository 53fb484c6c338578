import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from '../../helpers/proxy.ts';

let proxy: RunningProxy;

beforeAll(async () => {
  proxy = await startProxy(['admin.listen=127.0.0.1:0']);
});

afterAll(() => proxy.stop());

const doors = () => {
  const { probe, admin } = proxy.addresses;
  return [`http://${probe}/livez`, `http://${admin}/policy`];
};

test('HEAD is answered as GET is, without the body', async () => {
  for (const url of doors()) {
    const [got, head] = await Promise.all([fetch(url), fetch(url, { method: 'HEAD' })]);
    expect([head.status, head.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'));
    expect([await head.text(), (await got.text()).length > 0]).toEqual(['', true]);
  }
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
  '%s is refused, with the reason',
  async (method) => {
    for (const url of doors()) {
      const answer = await fetch(url, { method });
      expect(answer.status).toBe(405);
      expect(await answer.text()).toContain('only GET and HEAD');
    }
  },
);
