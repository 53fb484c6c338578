import { execFileSync, spawn } from 'node:child_process';
import { sign } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeEd25519Key } from '../../../src/audit/log/signer.ts';
import { fill } from '../../audit/fault-world.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { startProxy } from '../../helpers/proxy.ts';
import { runAudit } from './run-audit.ts';

const audit = (...args: readonly string[]) => runAudit(args);

test.each([
  ['standard output', true],
  ['the log of the process', false],
])('docs/audit.md makes a line on %s a checkpoint that shows a cut tail', async (_, stdout) => {
  await using folder = createFolder();
  const { file } = folder;
  const proxy = await startProxy([`audit.file=${file}`, `audit.checkpoint.stdout=${stdout}`]);
  await proxy.stop();
  const line = (stdout ? proxy.printed : proxy.logged).findLast((it) => it.includes('checkpoint'));
  const [, command = ''] = /`(node -e [^`]+)`/.exec(readFileSync('docs/audit.md', 'utf8')) ?? [];
  const kept = join(folder.path, 'kept.note');
  writeFileSync(kept, execFileSync('sh', ['-c', command], { input: `${line}\n` }));
  const verify = async (...args: readonly string[]) => (await audit('verify', file, ...args)).code;
  expect(await verify('--checkpoint', kept)).toBe(0);

  const whole = readFileSync(file);
  truncateSync(file, whole.lastIndexOf('\n', whole.length - 2) + 1);
  rmSync(`${file}.checkpoint`);
  expect(await verify()).toBe(0);
  expect(await verify('--checkpoint', kept)).toBe(1);
});

test('a kept checkpoint may come from a pipe', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const log = await openThreadless(file);
  await fill(log, 3);
  await log.close();
  const pipe = join(folder.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // A second reader would get nothing; without a second writer, it would wait forever.
  const script = 'cat "$0" > "$1"; : > "$1"';
  const writer = spawn('sh', ['-c', script, `${file}.checkpoint`, pipe]);
  const { code, errors } = await audit('verify', file, '--checkpoint', pipe);
  writer.kill();
  expect([code, errors]).toEqual([0, '']);
});

test('a kept checkpoint exposes a rewritten log of the same size and key', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const write = async () => {
    const audit = await openThreadless(file);
    await fill(audit, 3);
    await audit.close();
    return readFileSync(`${file}.checkpoint`, 'utf8');
  };
  const kept = join(folder.path, 'kept.note');
  writeFileSync(kept, await write());
  for (const name of [file, `${file}.checkpoint`]) rmSync(name);
  const forged = await write();
  const sizeOf = (note: string) => note.split('\n')[1];
  expect(sizeOf(forged)).toBe(sizeOf(readFileSync(kept, 'utf8')));
  const verify = async (...args: readonly string[]) => (await audit('verify', file, ...args)).code;
  expect(await verify()).toBe(0);
  expect(await verify('--checkpoint', kept)).toBe(1);
});

/** Writes a log, one run per key, with the run's last checkpoint beside its key. Gives verifier keys. */
async function runsOf(file: string, ...keyFiles: readonly string[]) {
  const vkeys: string[] = [];
  for (const signingKeyFile of keyFiles) {
    const log = await openThreadless(file, { signingKeyFile });
    await fill(log, 3);
    vkeys.push(log.status().vkey);
    await log.close();
    writeFileSync(`${signingKeyFile}.note`, readFileSync(`${file}.checkpoint`));
  }
  return vkeys;
}

/** Files of two keys that can sign a log. */
function twoKeys(folder: string): [string, string] {
  const keys: [string, string] = [join(folder, 'a'), join(folder, 'b')];
  for (const key of keys) writeFileSync(key, makeEd25519Key());
  return keys;
}

const short = (vkey: string) => vkey.split('+').slice(0, 2).join('+');

test('an unknown signing key is named, along with the known ones', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const keys = twoKeys(folder.path);
  const [known = '', other = ''] = await runsOf(file, ...keys);
  const names = `not signed by a known key, but by ${short(other)}; known: ${short(known)}\n`;
  expect(await audit('verify', file, '--vkey', known)).toMatchObject({
    code: 1,
    errors: expect.stringContaining(names),
  });
  const newest = `${file}.checkpoint`;
  expect(await audit('consistency', newest, newest, '--log', file, '--vkey', known)).toMatchObject({
    code: 1,
    errors: expect.stringContaining(names),
  });
  const [entry, proof] = [join(folder.path, 'entry'), join(folder.path, 'proof')];
  writeFileSync(proof, (await audit('prove', '3', file, '--entry', entry)).output);
  const check = await audit('prove', '--check', proof, '--entry', entry, '--vkey', known);
  expect(check).toMatchObject({ code: 1, errors: expect.stringContaining(names) });
  const note = readFileSync(newest, 'utf8');
  writeFileSync(newest, note.replace(/.{9}\n$/, 'AAAAAAAA=\n'));
  const forged = await audit('verify', file, '--vkey', other, '--vkey', known);
  expect(forged.code).toBe(1);
  expect(forged.errors).toContain(`has a signature of ${short(other)} that does not verify`);
});

test('a segment whose signing key was not given exits 1, even if not signed yet', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const keys = twoKeys(folder.path);
  const [known = '', other = ''] = await runsOf(file, ...keys);
  rmSync(`${file}.checkpoint`);
  const verify = ['verify', file, '--checkpoint', `${keys[0]}.note`, '--vkey', known];
  expect((await audit(...verify, '--vkey', other)).code).toBe(0);
  const { code, errors } = await audit(...verify);
  expect(code).toBe(1);
  expect(errors).toMatch(/audit\.jsonl: seq \d+: the segment is to be signed by /);
  expect(errors).toContain(`${other}, which was not given`);
});

test('a segment meant for another key is intact once a given key signed it', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const keys = twoKeys(folder.path);
  const [known = '', other = ''] = await runsOf(file, ...keys, keys[0]);
  const told = await audit('verify', file, '--vkey', known);
  expect(told.output).toContain(`${other} (named by the log, not given)`);
  expect(told).toMatchObject({ code: 0 });
});

test('a log with no signature by a given key exits 3: anybody may have written it', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const log = await openThreadless(file);
  await fill(log, 3);
  const { vkey } = log.status();
  await log.close();
  expect((await audit('verify', file, '--vkey', vkey)).code).toBe(0);
  rmSync(`${file}.checkpoint`);
  expect((await audit('verify', file)).code).toBe(0);
  const { code, errors, output } = await audit('verify', file, '--vkey', vkey);
  expect(code).toBe(3);
  expect(output).toContain(`${file}: unsigned\n`);
  expect(errors).toContain(`${file}: nothing in it is signed by a key that was given`);
});

test('no pod of a fleet can sign for another or substitute its own log', async () => {
  await using fleet = createFolder();
  const [a, b] = ['a', 'b'].map((pod) => join(fleet.path, pod, 'audit.jsonl')) as [string, string];
  const vkeys = await Promise.all(
    [a, b].map(async (file, pod) => {
      const log = await openThreadless(file, { origin: `fleet.example/${'ab'[pod]}` });
      await fill(log, 3);
      await log.close();
      return log.status().vkey;
    }),
  );
  const origins = join(fleet.path, 'origins');
  writeFileSync(origins, 'fleet.example/a\nfleet.example/b\n');
  const keys = vkeys.flatMap((vkey) => ['--vkey', vkey]);
  const verify = () => audit('verify', dirname(a), dirname(b), '--origins', origins, ...keys);
  expect((await verify()).code).toBe(0);

  // What the owner of pod b could do: sign a's log with b's key, under either name.
  const key = readFileSync(`${b}.key`);
  const [, hash = ''] = vkeys[1]!.split('+');
  const signedByB = (checkpoint: string, name: string) => {
    const [, size, root] = checkpoint.split('\n');
    const text = `${name}\n${size}\n${root}\n`;
    const signature = Buffer.concat([Buffer.from(hash, 'hex'), sign(null, Buffer.from(text), key)]);
    return `${text}\n— fleet.example/b ${signature.toString('base64')}\n`;
  };
  const note = readFileSync(`${a}.checkpoint`, 'utf8');
  writeFileSync(`${a}.checkpoint`, signedByB(note, 'fleet.example/a'));
  const forged = await verify();
  expect(forged.code).toBe(1);
  expect(forged.errors).toMatch(
    /is of fleet\.example\/a, and signed by fleet\.example\/b\+.* of another log/,
  );
  writeFileSync(`${a}.checkpoint`, signedByB(note, 'fleet.example/b'));
  const foreign = await verify();
  expect(foreign.code).toBe(1);
  expect(foreign.errors).toContain('is of fleet.example/b, which is another log');

  // Or let a's log go on as b's: an operator may do that too, but nothing is then signed for a.
  rmSync(`${a}.checkpoint`);
  const log = await openThreadless(a, { origin: 'fleet.example/b', signingKeyFile: `${b}.key` });
  await log.close();
  const renamed = await verify();
  expect(renamed).toMatchObject({
    code: 1,
    errors: expect.stringContaining('no log of fleet.example/a'),
  });
});
