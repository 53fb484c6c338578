import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Client, credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { startProxy } from '../helpers/proxy.ts';

const METHOD = '/grpc.channelz.v1.Channelz/GetServers';

function getServers(address: string): Promise<Buffer> {
  const client = new Client(address, credentials.createInsecure());
  const raw = (bytes: Buffer): Buffer => bytes;
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(METHOD, raw, raw, Buffer.alloc(0), (error, answer) =>
      error || !answer ? reject(error) : resolve(answer),
    );
  }).finally(() => client.close());
}

test('channelz describes the server on its own listener only', async () => {
  const socket = join(tmpdir(), `channelz-${process.pid}.sock`);
  const proxy = await startProxy([`grpc.channelz_listen=unix:${socket}`]);
  // One server with its id, name and number of calls; an empty answer would have two bytes.
  expect((await getServers(`unix:${socket}`)).length).toBeGreaterThan(10);
  await expect(getServers(proxy.endpoint)).rejects.toThrow('UNIMPLEMENTED');
  await proxy.stop();
  await rm(socket, { force: true });
});

test.each(['0.0.0.0:9000', '10.0.0.1:9000', '[::]:9000'])('channelz is refused on %s', (listen) => {
  const settings = [`grpc.channelz_listen=${listen}`];
  expect(() => loadConfig({ file: 'config/demo.yaml', settings, env: {} })).toThrow(
    /grpc\.channelz_listen/,
  );
});

test('reflection is off unless asked for', async () => {
  const client = async (settings: readonly string[]) => {
    const proxy = await startProxy(settings);
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const one = new Client(proxy.endpoint, credentials.createInsecure());
    const raw = (bytes: Buffer): Buffer => bytes;
    const call = one.makeBidiStreamRequest(path, raw, raw);
    const ended = new Promise<string>((resolve) => {
      call.on('error', (error) => resolve(error.message));
      call.on('data', () => resolve('answered'));
    });
    call.write(Buffer.from([58, 1, 42]));
    const how = await ended;
    call.cancel();
    one.close();
    await proxy.stop();
    return how;
  };
  expect(await client([])).toContain('UNIMPLEMENTED');
  expect(await client(['grpc.reflection=true'])).toBe('answered');
});
