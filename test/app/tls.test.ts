import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createStack } from '../../src/app/stack.ts';
import { composeTls } from '../../src/app/tls.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createAuthority } from '../helpers/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const ca = createAuthority();
const file = (name: string) => join(folder, name);
const issue = (notAfter: string) =>
  ca.issue({ dns: ['localhost'], usage: 'server', notAfter: new Date(notAfter) });

it('logs that a certificate was not renewed, then that it was, with its expiry', async () => {
  const logged: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void logged.push(line) });
  const last = (field: string) => JSON.parse(logged.at(-1) ?? '{}')[field];
  const [first, next] = [issue('2045-01-01T00:00:00Z'), issue('2046-01-01T00:00:00Z')];
  writeFileSync(file('cert.pem'), first.cert);
  writeFileSync(file('key.pem'), first.key);
  const tls = {
    cert_file: file('cert.pem'),
    key_file: file('key.pem'),
    client_certificates: 'off',
  };
  const required = ['kms.backend=embedded', 'policy.source=x', 'audit.file=x'];
  const settings = [...required, `grpc.tls=${JSON.stringify(tls)}`];
  const config = loadConfig({ file: undefined, settings, env: {} });
  const opened = createStack();
  const served = await composeTls(config, { around: { log }, metrics: { read() {} } }, opened);
  try {
    writeFileSync(file('cert.pem'), next.cert);
    await served?.reload();
    expect(last('msg')).toBe('the TLS certificate or its CAs are not renewed');
    writeFileSync(file('key.pem'), next.key);
    await served?.reload();
    expect(last('msg')).toBe('the TLS certificate and its CAs are renewed');
    expect(last('ends')).toBe('2046-01-01T00:00:00.000Z');
  } finally {
    await opened.close();
  }
});
