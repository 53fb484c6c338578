import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { type RunningProxy, startProxy } from '../../helpers/proxy.ts';

let proxy: RunningProxy;

beforeAll(async () => {
  proxy = await startProxy(['admin.listen=127.0.0.1:0']);
});

afterAll(() => proxy.stop());

async function get(path: string, method = 'GET') {
  const answer = await fetch(`http://${proxy.addresses.admin}${path}`, { method });
  return { code: answer.status, body: await answer.json() };
}

test('shows operators the active policy and the state of the audit log', async () => {
  expect(await get('/')).toEqual({ code: 200, body: { pages: ['/policy', '/audit'] } });
  expect((await get('/policy')).body).toMatchObject({ revision: 'example-2', enforced: true });
  expect((await get('/audit')).body).toMatchObject({ state: 'ok' });
});

test('serves no other page, and changes nothing', async () => {
  for (const path of ['/metrics', '/__proto__', '/constructor']) {
    expect((await get(path)).code).toBe(404);
  }
  expect((await get('/policy', 'POST')).code).toBe(405);
});

test.each(['0.0.0.0:9000', '10.0.0.1:9000', '[::]:9000'])('is refused on %s', (listen) => {
  const settings = [`admin.listen=${listen}`];
  expect(() => loadConfig({ file: 'config/demo.yaml', settings, env: {} })).toThrow(
    /admin\.listen/,
  );
});
