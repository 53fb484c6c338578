import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createStdoutSink } from '../../../src/audit/sinks/stdout.ts';
import { createFolder } from '../world.ts';

test.concurrent('standard output gets one line per entry', async () => {
  await using folder = createFolder();
  const path = join(folder.path, 'out');
  const fd = openSync(path, 'w');
  await createStdoutSink(async () => undefined, fd).send([
    { bytes: Buffer.from('{"a":1}'), labels: {} },
    { bytes: Buffer.from('{}'), labels: {} },
  ]);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{}\n');
});

test.concurrent('a standard output that cannot be written is an error, and not waited for', async () => {
  await using folder = createFolder();
  const fd = openSync(folder.path, 'r');
  const sent = createStdoutSink(async () => undefined, fd).send([
    { bytes: Buffer.from('{}'), labels: {} },
  ]);
  await expect(sent).rejects.toThrow('EBADF');
  closeSync(fd);
});

test.concurrent('a full pipe on standard output is waited for, and gets each byte once', async () => {
  await using folder = createFolder();
  const path = join(folder.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const pieces: Buffer[] = [];
  const drain = async () => {
    const piece = Buffer.alloc(50_000);
    pieces.push(piece.subarray(0, readSync(fd, piece)));
  };
  const lines = Array.from({ length: 20 }, (_, number) => ({
    bytes: Buffer.from(String(number).repeat(10_000)),
    labels: {},
  }));
  let waits = 0;
  const wait = () => {
    waits += 1;
    return drain();
  };
  await createStdoutSink(wait, fd).send(lines);
  const whole = lines.map(({ bytes }) => `${bytes}\n`).join('');
  while (Buffer.concat(pieces).length < whole.length) await drain();
  expect(Buffer.concat(pieces).toString() === whole).toBe(true);
  expect(waits).toBeGreaterThan(1);
  closeSync(fd);
});
