import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import type { ReEncryptResponse } from '../../src/gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import { loadService } from '../../src/server/service.ts';
import { createAuthority } from '../helpers/certificates.ts';

const authority = createAuthority();
const serverCertificate = authority.issue({
  commonName: 'localhost',
  dns: ['localhost'],
  usage: 'server',
});
const clientCertificate = authority.issue({ commonName: 'caller', usage: 'client' });

let folder: string;
let servers: readonly Server[];
let tlsTarget: string;

const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'client-'));
  writeFileSync(file('ca.pem'), authority.cert);
  writeFileSync(file('client.pem'), clientCertificate.cert);
  writeFileSync(file('client.key'), clientCertificate.key);
  const { cert, key } = serverCertificate;
  const mutual = ServerCredentials.createSsl(
    Buffer.from(authority.cert),
    [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }],
    true,
  );
  const [tls, socket] = [createServer(), createServer()];
  servers = [tls, socket];
  tlsTarget = `localhost:${await bind(tls, 'localhost:0', mutual)}`;
  await bind(socket, `unix:${file('proxy.sock')}`, ServerCredentials.createInsecure());
});

afterAll(() => {
  for (const server of servers) server.forceShutdown();
});

function createServer(): Server {
  const server = new Server();
  server.addService(loadService(), {
    ReEncrypt: (
      call: ServerUnaryCall<unknown, unknown>,
      done: sendUnaryData<ReEncryptResponse>,
    ) => {
      const caller = call.getAuthContext().sslPeerCertificate?.subject.CN ?? '';
      done(null, {
        ciphertextBlob: Buffer.from('new'),
        keyId: 'arn',
        sourceKeyId: String(caller),
      });
    },
  });
  return server;
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return promisify(server.bindAsync.bind(server))(address, credentials);
}

async function call(options: ClientOptions): Promise<string> {
  const client = createClient(options);
  return client
    .reEncrypt({}, { timeoutMs: 5000 })
    .then(
      ({ keyId }) => keyId,
      ({ facts }) => facts.code,
    )
    .finally(() => client.close());
}

describe('the client reaches a proxy', () => {
  test('over a Unix socket', async () => {
    expect(await call({ target: `unix:${file('proxy.sock')}` })).toBe('arn');
  });

  test('with a renewed certificate within a second, and with the last good one meanwhile', async () => {
    const put = (name: string, text: string) => writeFileSync(file(name), text);
    const next = authority.issue({ commonName: 'renewed', usage: 'client' });
    put('own.pem', clientCertificate.cert);
    put('own.key', clientCertificate.key);
    vi.useFakeTimers({ toFake: ['performance'] });
    const own = { certificateFile: file('own.pem'), keyFile: file('own.key') };
    const tls = { caFile: file('ca.pem'), ...own };
    const client = createClient({ target: tlsTarget, tls });
    const caller = async () => {
      vi.advanceTimersByTime(1_000);
      return (await client.reEncrypt({}, { timeoutMs: 5000 })).sourceKeyId;
    };
    expect(await caller()).toBe('caller');
    put('own.key', next.key);
    expect(await caller()).toBe('caller');
    put('own.pem', next.cert);
    expect(await caller()).toBe('renewed');
    rmSync(file('own.pem'));
    expect(await caller()).toBe('renewed');
    client.close();
    vi.useRealTimers();
  });

  test('over mutual TLS, but not without a certificate or trusted CA', async () => {
    const trusting = { caFile: file('ca.pem') };
    const own = { certificateFile: file('client.pem'), keyFile: file('client.key') };
    expect(await call({ target: tlsTarget, tls: { ...trusting, ...own } })).toBe('arn');
    expect(await call({ target: tlsTarget, tls: { ...own, verify: false } })).toBe('arn');
    expect(await call({ target: tlsTarget, tls: trusting })).toBe('UNAVAILABLE');
    expect(await call({ target: tlsTarget, tls: own })).toBe('UNAVAILABLE');
    expect(await call({ target: tlsTarget })).toBe('UNAVAILABLE');
  });

  test.each([
    [
      'a key, not a CA',
      () => ({ caFile: file('client.key') }),
      /client\.key does not hold a certificate/,
    ],
    [
      'empty, not a CA',
      () => ({ caFile: file('empty.pem') }),
      /empty\.pem does not hold a certificate/,
    ],
    ['no key', () => pairOf('client.pem', 'ca.pem'), /ca\.pem does not hold a private key/],
    ['the key of another', () => pairOf('ca.pem', 'client.key'), /client\.key is not the key of/],
  ])('and names a TLS file that is %s before any call', async (_, tls, sentence) => {
    writeFileSync(file('empty.pem'), '');
    expect(() => createClient({ target: tlsTarget, tls: tls() })).toThrow(sentence);
  });
});

const pairOf = (certificate: string, key: string) => ({
  certificateFile: file(certificate),
  keyFile: file(key),
});
