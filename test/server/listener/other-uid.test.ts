import { fork } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDoor, type Door } from './harness.ts';

const NOBODY = 65_534;
const GID = process.getgid?.() ?? 0;

/** Connects as another user and says how that went: a process of its own, as it drops its privileges. */
async function connectAs(path: string, { uid, gid }: { uid: number; gid: number }) {
  const child = fork(join(import.meta.dirname, 'connect-as.ts'), [path, `${uid}`, `${gid}`], {
    execArgv: [],
  });
  return new Promise<string>((resolve, reject) => {
    child.once('message', (said) => resolve(String(said)));
    child.once('error', reject);
  });
}

// Only root can become another user.
describe.skipIf(process.getuid?.() !== 0)('a Unix socket', () => {
  let folder: string;
  let path: string;
  let door: Door;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'uid-'));
    chmodSync(folder, 0o755);
    path = join(folder, 'door/proxy.sock');
    door = createDoor();
    await door.open({ address: `unix:${path}` });
  });
  afterAll(() => door.close());

  test('is closed to other users, by its folder’s mode and its own', async () => {
    const nobody = { uid: NOBODY, gid: NOBODY };
    expect(await connectAs(path, nobody)).toBe('EACCES');
    chmodSync(join(folder, 'door'), 0o755);
    expect(await connectAs(path, nobody)).toBe('EACCES');
    chmodSync(join(folder, 'door'), 0o750);
  });

  test('is open to the user and to the members of its group', async () => {
    expect(await connectAs(path, { uid: NOBODY, gid: GID })).toBe('connected');
    expect(await connectAs(path, { uid: 0, gid: GID })).toBe('connected');
  });
});
