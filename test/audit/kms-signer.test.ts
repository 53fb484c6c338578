import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { parseNote } from '../../src/audit/log/note.ts';
import type { Signer } from '../../src/audit/log/signer.ts';
import { toVkey } from '../../src/audit/log/vkey.ts';
import { BASICS } from './basics.ts';
import { fill } from './fault-world.ts';
import { createMemoryDisk } from './memory-disk.ts';
import {
  createClock,
  createFolder,
  createKeys,
  openAudit,
  openInline,
  settled,
  verify,
} from './world.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519').privateKey;
const vkey = toVkey(BASICS.origin, createPublicKey(privateKey));
const { folder, hmacKeyFile } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

/** A log on a disk in memory, whose KMS signs with `answer`. */
async function openWorld(answer: Signer['sign']) {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const failures: string[] = [];
  const notes: string[] = [];
  const warnings: string[] = [];
  let asked = 0;
  const ask = (text: Uint8Array) => {
    asked += 1;
    return answer(text);
  };
  const audit = await openInline(disk, clock, {
    ...{ hmacKeyFile, signer: { vkey, sign: ask }, checkpointEntries: 10 },
    onFailure: (code) => failures.push(code),
    onCheckpoint: (note) => notes.push(note),
    warn: (sentence) => warnings.push(sentence),
  });
  const verdict = () => verify('/log/audit.jsonl', disk);
  return { audit, clock, failures, notes, warnings, verdict, asked: () => asked };
}

test('a KMS that does not sign stops no call, is asked again now and then, and catches up', async () => {
  let well = false;
  const world = await openWorld(async (text) => {
    if (!well) throw new Error('AccessDeniedException');
    return sign(null, text, privateKey);
  });
  const { audit, clock, failures, warnings } = world;
  await settled(clock, fill(audit, 60));
  await clock.pass(20_000);
  expect(audit.status().state).toBe('ok');
  expect(world.asked()).toBeGreaterThanOrEqual(4);
  expect(world.asked()).toBeLessThanOrEqual(6);
  expect(failures).toEqual(failures.map(() => 'UNSIGNED'));
  const unsigned = 'audit: a checkpoint could not be made: AccessDeniedException';
  expect(warnings).toContain(unsigned);
  expect(world.verdict()).toMatchObject({ state: 'intact', signed: 0 });
  well = true;
  await clock.pass(6_000);
  const [note = ''] = world.notes;
  expect(parseNote(note).size).toBeGreaterThan(100);
  await settled(clock, audit.close());
  const { signed, size, state } = world.verdict();
  expect({ signed, state }).toEqual({ signed: size, state: 'intact' });
});

test('a signature by another key never becomes a checkpoint', async () => {
  const world = await openWorld(async (text) => sign(null, text, stranger));
  await settled(world.clock, fill(world.audit, 20));
  await settled(world.clock, world.audit.close());
  expect(world.notes).toEqual([]);
  expect(world.warnings).toContainEqual(
    expect.stringContaining('signature that was not made by its key'),
  );
  expect(world.verdict()).toMatchObject({ state: 'intact', signed: 0 });
});

test('a process whose last checkpoint cannot be signed reports that, and still ends', async () => {
  const world = await openWorld(() => Promise.reject(new Error('KMS cannot be reached.')));
  await settled(world.clock, fill(world.audit, 1));
  await settled(world.clock, world.audit.close());
  expect(world.failures).toEqual(['UNSIGNED']);
});

test('a late signature is logged before the shutdown, and the last checkpoint covers both', async () => {
  await using own = createFolder();
  const signer = {
    vkey,
    async sign(text: Uint8Array) {
      await setTimeout(150);
      return sign(null, text, privateKey);
    },
  };
  const audit = await openAudit(own.file, { signer, checkpointEntries: 10 });
  await fill(audit, 8);
  await audit.close();
  const { signed, size, state } = verify(own.file);
  expect({ signed, state }).toEqual({ signed: size, state: 'intact' });
  const lines = readFileSync(own.file, 'utf8').trimEnd().split('\n');
  const kinds = lines.map((line) => JSON.parse(line).kind);
  expect(kinds.slice(-2)).toEqual(['checkpoint', 'shutdown']);
});
