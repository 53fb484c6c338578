import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProxy } from '../helpers/proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
const rubbish = join(folder, 'rubbish');
writeFileSync(rubbish, 'rubbish\n', { mode: 0o600 });
const none = join(folder, 'none');
const open = join(folder, 'open');
writeFileSync(open, '', { mode: 0o644 });

const SERVICE = 'policy.source=https://127.0.0.1:1/bundle.tar.gz';
const signed = (file: string) => [
  `policy.signing={"keys":{"ci":{"algorithm":"RS256","key_file":"${file}"}}}`,
];
const tls = (file: string) => [
  `grpc.tls={"cert_file":"${file}","key_file":"${file}","client_certificates":"off"}`,
];
const jwt = (file: string) => [
  `identity.jwt={"issuer":"i","audience":["a"],"jwks_file":"${file}"}`,
];

test.each([
  ['a public key that is missing', signed(none), 'policy.signing.keys.ci.key_file', none],
  ['an invalid public key', signed(rubbish), 'policy.signing.keys.ci.key_file', 'PEM'],
  [
    'a CA file that is missing',
    [SERVICE, `policy.service.ca_file=${none}`],
    'service.ca_file',
    none,
  ],
  ['a bundle that is missing', [`policy.source=${none}`], 'policy.source', none],
  ['an invalid bundle', [`policy.source=${rubbish}`], 'policy.source', rubbish],
  ['a certificate that is missing', tls(none), 'grpc.tls', none],
  ['a key set that is missing', jwt(none), 'identity.jwt.jwks_file', none],
  [
    'a signing key that is missing',
    [`audit.checkpoint.signing_key_file=${none}`],
    'audit.checkpoint.signing_key_file: ',
    none,
  ],
  [
    'an invalid signing key',
    [`audit.checkpoint.signing_key_file=${rubbish}`],
    'audit.checkpoint.signing_key_file: ',
    'PEM',
  ],
  ['an invalid install key', [`audit.hmac_key_file=${rubbish}`], 'audit.hmac_key_file: ', rubbish],
  ['a folder for a log', [`audit.file=${folder}`], 'audit.file: ', folder],
  [
    'a capture file that others may read',
    [`policy.capture_file=${open}`],
    'policy.capture_file: ',
    open,
  ],
  [
    'a capture file in no folder',
    [`policy.capture_file=${join(none, 'capture')}`],
    'policy.capture_file: ',
    none,
  ],
])('%s is refused at the start, by name', async (_, settings, ...told) => {
  const sentence = await startProxy(settings).then(
    () => expect.fail('it started'),
    (error: Error) => error.message,
  );
  for (const part of told) expect(sentence).toContain(part);
  expect(sentence).not.toContain('routines::');
});
