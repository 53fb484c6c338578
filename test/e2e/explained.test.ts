import { type ClientHttp2Session, connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { credentials, type GrpcObject, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { detailsOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { framed, sendRaw } from '../helpers/raw-call.ts';

const SERVICE = '/kms.reencrypt.v1.ReEncryptService';
const HEALTH = '/grpc.health.v1.Health';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let proxy: RunningProxy;
let session: ClientHttp2Session;

beforeAll(async () => {
  proxy = await startProxy(['grpc.reflection=true']);
  session = connect(`http://${proxy.endpoint}`);
});

afterAll(async () => {
  session.destroy();
  await proxy.stop();
});

const send = (path: string, bytes: Buffer, headers?: Record<string, string>) =>
  sendRaw(session, path, bytes, headers);

const metric = async (series: string): Promise<number> => Number(await proxy.metric(series));

const handled = (service: string, method: string, code: string, type = 'unary'): Promise<number> =>
  metric(
    `grpc_server_handled_total{grpc_type="${type}",grpc_service="${service}",grpc_method="${method}",grpc_code="${code}"}`,
  );

const OWN = SERVICE.slice(1);
const LARGE = framed(Buffer.alloc(300_000));
const GZIP = { 'grpc-encoding': 'gzip' };
/** Check of the service `a`. */
const ASK_A = framed(Buffer.from([0x0a, 0x01, 0x61]));
/** A field of 255 bytes that is cut off. */
const CUT = framed(Buffer.from([0x0a, 0xff]));
/** A good message that asks for nothing: unpacked, it would be refused by the handler. */
const PACKED = framed(gzipSync(Buffer.alloc(0)), { compressed: 1 });

describe('what grpc-js refuses by itself', () => {
  test.each([
    ['a message above the limit', `${SERVICE}/ReEncrypt`, LARGE, {}, 'RESOURCE_EXHAUSTED'],
    ['a packed message', `${SERVICE}/ReEncrypt`, PACKED, GZIP, 'UNIMPLEMENTED'],
    [
      'one that may be packed in two ways',
      `${SERVICE}/ReEncrypt`,
      PACKED,
      { 'grpc-encoding': 'gzip, identity' },
      'UNIMPLEMENTED',
    ],
    [
      'a compression that grpc-js does not know',
      `${SERVICE}/ReEncrypt`,
      framed(Buffer.from('x'), { compressed: 1 }),
      { 'grpc-encoding': 'snappy' },
      'UNIMPLEMENTED',
    ],
    ['a method that is not served', `${SERVICE}/Nope`, Buffer.alloc(0), {}, 'UNIMPLEMENTED'],
    ['an unknown service', '/no.such.Service/Nope', LARGE, {}, 'UNIMPLEMENTED'],
    ['a malformed path', '/%E0%A4%A', Buffer.alloc(0), {}, 'UNIMPLEMENTED'],
    ['a path that is too long', `/x/${'y'.repeat(9000)}`, Buffer.alloc(0), {}, 'UNIMPLEMENTED'],
    ['a large message to Health', `${HEALTH}/Check`, LARGE, {}, 'RESOURCE_EXHAUSTED'],
    ['a service unknown to Health', `${HEALTH}/Check`, ASK_A, {}, 'NOT_FOUND'],
    ['a malformed question to Health', `${HEALTH}/Watch`, CUT, {}, 'INVALID_ARGUMENT'],
  ] as const)(
    '%s gets a decision id, is called the caller’s mistake, and is counted',
    async (_, path, bytes, headers, code) => {
      const before = await turnedAway();
      const told = await send(path, bytes, headers);
      expect(told['grpc-status']).toBe(String(status[code]));
      expect(told['decision_id']).toMatch(UUID);
      // A client that does not read must not make the proxy hold much.
      expect(JSON.stringify(told).length).toBeLessThan(2000);
      const bin = Buffer.from(String(told['grpc-status-details-bin']), 'base64');
      const [info] = detailsOf(bin);
      expect(info?.value).toMatchObject({
        reason: 'INVALID_REQUEST',
        domain: 'kms-reencrypt-proxy',
        metadata: { decision_id: told['decision_id'], layer: 'caller' },
      });
      const pushback = code === 'RESOURCE_EXHAUSTED' ? '-1' : undefined;
      expect(told['grpc-retry-pushback-ms']).toBe(pushback);
      expect(await turnedAway()).toBe(before + 1);
    },
  );

  test('does not include an uncompressed message of a client that compresses others', async () => {
    const told = await send(`${SERVICE}/ReEncrypt`, framed(Buffer.alloc(0)), GZIP);
    expect(told['grpc-status']).toBe(String(status.INVALID_ARGUMENT));
    expect(told['grpc-message']).toContain('destination_key_id');
    expect(told['grpc-accept-encoding']).toBe('identity');
  });

  test.each([
    'application/json',
    'application/grpc-web+proto',
    'application/grpc+json',
    'application/grpcs',
  ])('includes %s, another protocol, answered with an HTTP status', async (type) => {
    const before = await turnedAway();
    const told = await send(`${SERVICE}/ReEncrypt`, LARGE, { 'content-type': type });
    expect([told[':status'], told['grpc-status']]).toEqual([415, undefined]);
    expect(told['decision_id']).toMatch(UUID);
    expect(await turnedAway()).toBe(before + 1);
  });

  test.each(['application/grpc+proto', 'application/grpc;charset=utf-8'])(
    'does not include %s',
    async (type) => {
      const told = await send(`${SERVICE}/ReEncrypt`, framed(Buffer.alloc(0)), {
        'content-type': type,
      });
      expect(told['grpc-message']).toContain('destination_key_id');
    },
  );

  test('is counted by method and code', async () => {
    const codes = [
      [OWN, 'ReEncrypt', 'ResourceExhausted'],
      ['_other', '_other', 'Unimplemented'],
      ['grpc.health.v1.Health', 'Check', 'ResourceExhausted'],
    ] as const;
    const count = ([service, method, code]: readonly [string, string, string]) =>
      handled(service, method, code);
    const before = await Promise.all(codes.map(count));
    await send(`${SERVICE}/ReEncrypt`, LARGE);
    await send('/no/Method', LARGE);
    await send(`${HEALTH}/Check`, LARGE);
    const after = await Promise.all(codes.map(count));
    expect(after).toEqual(before.map((number) => number + 1));
    expect(await metric('kms_reencrypt_in_flight_calls{transport="grpc"}')).toBe(0);
  });

  test('is in the log, by reason and number', async () => {
    await send(`${SERVICE}/Nope`, LARGE);
    await expect
      .poll(() => proxy.entries().map((entry) => entry['turned_away']))
      .toContainEqual({ reason: 'INVALID_REQUEST', count: expect.any(Number) });
  });
});

describe('calls of the health service are counted', () => {
  const loaded = loadSync('grpc/health/v1/health.proto', { includeDirs: ['proto'] });
  // biome-ignore lint/suspicious/noExplicitAny: a service without generated types
  const { grpc } = loadPackageDefinition(loaded) as GrpcObject & { grpc: any };

  test('each, and a watch from start to end, without counting as load', async () => {
    const health = new grpc.health.v1.Health(proxy.endpoint, credentials.createInsecure());
    const checked = await handled('grpc.health.v1.Health', 'Check', 'OK');
    await new Promise((done) => health.Check({}, done));
    await new Promise((done) => health.List({}, done));
    expect(await handled('grpc.health.v1.Health', 'Check', 'OK')).toBe(checked + 1);
    expect(await handled('grpc.health.v1.Health', 'List', 'OK')).toBe(1);
    const watch = health.Watch({});
    watch.on('error', () => {});
    await new Promise((heard) => watch.once('data', heard));
    const names = 'grpc_type="server_stream",grpc_service="grpc.health.v1.Health"';
    const labels = `{${names},grpc_method="Watch"}`;
    expect(await metric(`grpc_server_started_total${labels}`)).toBe(2);
    expect(await metric(`grpc_server_msg_sent_total${labels}`)).toBe(1);
    expect(await metric('kms_reencrypt_in_flight_calls{transport="grpc"}')).toBe(0);
    watch.cancel();
    await expect
      .poll(() => handled('grpc.health.v1.Health', 'Watch', 'Canceled', 'server_stream'))
      .toBe(1);
    health.close();
  });
});

const turnedAway = (): Promise<number> =>
  metric('kms_reencrypt_turned_away_total{reason="INVALID_REQUEST"}');
