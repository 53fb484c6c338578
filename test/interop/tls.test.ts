import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, type Issued } from '../helpers/certificates.ts';
import { createCaller } from '../server/listener/harness.ts';
import { startChild } from './helpers/child.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith } from './helpers/tools.ts';

const ca = createAuthority();
const server = ca.issue({ dns: ['localhost'], usage: 'server' });
const client = ca.issue({ uris: ['spiffe://example.org/billing'], usage: 'client' });

let folder: string;
let proxy: RunningProxy;

function write(name: string, { cert, key }: Issued): readonly [string, string] {
  const paths = [join(folder, `${name}.pem`), join(folder, `${name}.key`)] as const;
  writeFileSync(paths[0], cert);
  writeFileSync(paths[1], key);
  return paths;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [certFile, keyFile] = write('server', server);
  const [caFile] = write('ca', ca);
  write('client', client);
  proxy = await startProxy({
    settings: [
      `grpc.tls.cert_file=${certFile}`,
      `grpc.tls.key_file=${keyFile}`,
      `grpc.tls.client_ca_file=${caFile}`,
      'grpc.tls.poll_ms=50',
      'identity.require=true',
    ],
  });
});

afterAll(async () => {
  await proxy.stop();
  rmSync(folder, { recursive: true });
});

describeWith(['openssl'], 'openssl', () => {
  async function shake(...options: string[]): Promise<string> {
    const pair = ['-cert', join(folder, 'client.pem'), '-key', join(folder, 'client.key')];
    const args = [
      's_client',
      '-connect',
      proxy.grpc,
      '-alpn',
      'h2',
      '-CAfile',
      join(folder, 'ca.pem'),
    ];
    const child = startChild('openssl', [...args, ...pair, ...options]);
    await child.ended();
    return child.output();
  }

  test('agrees with the server on TLS 1.3 and HTTP/2', async () => {
    const seen = await shake('-tls1_3');
    expect(seen).toContain('Verify return code: 0 (ok)');
    expect(seen).toMatch(/New, TLSv1\.3, Cipher is TLS_(AES|CHACHA20)/);
    expect(seen).toContain('ALPN protocol: h2');
    expect(seen).toContain('Acceptable client certificate CA names');
  });

  test.each(['-tls1', '-tls1_1', '-tls1_2'])('is refused with %s', async (version) => {
    expect(await shake(version, '-cipher', 'ALL:@SECLEVEL=0')).toMatch(
      /alert|no protocols|Cipher is \(NONE\)/,
    );
  });
});

describeWith(['sslscan'], 'sslscan', () => {
  test('finds only TLS 1.3', async () => {
    const child = startChild('sslscan', [
      '--no-colour',
      `--certs=${join(folder, 'client.pem')}`,
      `--pk=${join(folder, 'client.key')}`,
      proxy.grpc,
    ]);
    expect(await child.ended()).toBe(0);
    const seen = child.output();
    expect(seen.match(/^(SSL|TLS)v\S+ +(enabled|disabled)$/gm)).toEqual([
      ...['SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1', 'TLSv1.2'].map(
        (version) => `${version.padEnd(10)}disabled`,
      ),
      'TLSv1.3   enabled',
    ]);
    const ciphers = seen.match(/^(Preferred|Accepted) +\S+/gm) ?? [];
    expect(new Set(ciphers.map((line) => line.split(/ +/)[1]))).toEqual(new Set(['TLSv1.3']));
  });
});

describe('the proxy with mutual TLS', () => {
  test('serves and identifies a caller of its CA, even after its own certificate is replaced', async () => {
    const subjects = ['first', 'second'];
    for (const commonName of subjects) {
      write('server', ca.issue({ commonName, dns: ['localhost'], usage: 'server' }));
      const caller = createCaller(
        proxy.grpc,
        credentials.createSsl(
          Buffer.from(ca.cert),
          Buffer.from(client.key),
          Buffer.from(client.cert),
        ),
        { 'grpc.ssl_target_name_override': 'localhost' },
      );
      // UNIMPLEMENTED is an answer: handshake and identity were accepted.
      await expect(caller.whoAmI()).rejects.toThrow('UNIMPLEMENTED');
      caller.close();
    }
  });

  test('does not answer a caller without a certificate', async () => {
    const caller = createCaller(proxy.grpc, credentials.createSsl(Buffer.from(ca.cert)), {
      'grpc.ssl_target_name_override': 'localhost',
    });
    await expect(caller.whoAmI()).rejects.toThrow('UNAVAILABLE');
    caller.close();
  });
});
