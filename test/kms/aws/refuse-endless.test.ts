import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refuseEndless } from '../../../src/kms/aws/refuse-endless.ts';

const folder = mkdtempSync(join(tmpdir(), 'endless-'));
const fifo = join(folder, 'fifo');
execFileSync('mkfifo', [fifo]);
const large = join(folder, 'large');
writeFileSync(large, '');
truncateSync(large, 17 << 20);
const home = (name: string) => {
  const HOME = mkdtempSync(join(folder, name));
  mkdirSync(join(HOME, '.aws/sso/cache'), { recursive: true });
  return HOME;
};

it.each([
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
])('refuses an %s without an end, and leaves a missing one to the SDK', async (name) => {
  const refused = (path: string) => refuseEndless({ HOME: home('empty'), [name]: path });
  await expect(refused(fifo)).rejects.toThrow(`${name}: ${fifo} is not a regular file`);
  await expect(refused('/dev/zero')).rejects.toThrow(`${name}: /dev/zero is not a regular file`);
  await expect(refused(large)).rejects.toThrow(`${name}: ${large} is larger than 16777216 bytes`);
  await refused(join(folder, 'none'));
  await refused('/dev/null');
});

it('refuses the same where a profile names it, or in a cache of tokens', async () => {
  const [profile, cache] = [home('profile'), home('cache')];
  const config = join(profile, '.aws/config');
  for (const named of [fifo, `${fifo} # of the app`, `${fifo}\t;\r`]) {
    writeFileSync(config, `[profile app]\nrole_arn = a\nweb_identity_token_file = ${named}\n`);
    await expect(refuseEndless({ HOME: profile })).rejects.toThrow(`${config}: ${fifo} is not`);
  }
  execFileSync('mkfifo', [join(cache, '.aws/sso/cache/a.json')]);
  await expect(refuseEndless({ HOME: cache })).rejects.toThrow('a.json is not a regular file');
});

it('reads a profile of blank lines in no time', async () => {
  const HOME = home('blank');
  writeFileSync(join(HOME, '.aws/config'), '\n'.repeat(400_000));
  await refuseEndless({ HOME });
});
