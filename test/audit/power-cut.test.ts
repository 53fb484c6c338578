import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Audit } from '../../src/audit/create-audit.ts';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { readEntries } from '../../src/audit/verify/entries.ts';
import { Refusal } from '../../src/errors.ts';
import { createMemoryDisk, errno, type MemoryDisk } from './memory-disk.ts';
import { answered, DENY, idOf, intended, judged } from './samples.ts';
import { type Clock, createClock, createKeys, openInline, verify } from './world.ts';

const FILE = '/log/audit.jsonl';
/** The whole of it runs with the fault suite. */
const CUTS = Number(process.env['FAULT_CUTS'] ?? 20);
const STEPS = Number(process.env['FAULT_STEPS'] ?? 14);
const { folder, ...keys } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

interface Entry {
  readonly kind: string;
  readonly seq: number;
  readonly decision_id: string;
  readonly outcome: { readonly status: string };
}

/** Every entry that counts, oldest first. */
function entriesOf(disk: MemoryDisk): readonly Entry[] {
  const [log] = collectLogs(disk, FILE);
  return log ? [...readEntries(disk, log)].map(({ bytes }) => JSON.parse(bytes.toString())) : [];
}

interface Told {
  readonly intents: Set<string>;
  readonly terminals: Set<string>;
  failures: number;
}

/** A call as the pipeline makes it: intent, KMS, outcome; or a refusal. */
async function oneCall(audit: Audit, number: number, told: Told): Promise<void> {
  try {
    if (number % 5 === 0) {
      await audit.terminal(judged(number, { decision: DENY }), new Refusal('POLICY_DENIED'));
    } else {
      await audit.intent(intended(number));
      told.intents.add(idOf(number));
      await audit.terminal(answered(number));
    }
    told.terminals.add(idOf(number));
  } catch (thrown) {
    told.failures += 1;
    if (told.intents.has(idOf(number))) return;
    await audit.terminal(intended(number), thrown as Refusal).then(
      () => told.terminals.add(idOf(number)),
      () => undefined,
    );
  }
}

function expectWhole(disk: MemoryDisk, told: Told): void {
  const entries = entriesOf(disk);
  const intents = new Set(
    entries.filter(({ kind }) => kind === 'intent').map((e) => e.decision_id),
  );
  const terminals = entries.filter(({ outcome }) => outcome).map((e) => e.decision_id);
  for (const id of told.intents) expect(intents.has(id)).toBe(true);
  for (const id of told.terminals) expect(terminals.includes(id)).toBe(true);
  expect(new Set(terminals).size, 'one terminal entry per call').toBe(terminals.length);
  for (const id of intents) expect(terminals.includes(id), `${id} has no terminal`).toBe(true);
}

const SETTINGS = { ...keys, maxBytes: 20_000, checkpointEntries: 17, checkpointMs: 700 };

async function run(disk: MemoryDisk, clock: Clock, numbers: readonly number[], told: Told) {
  const audit = await openInline(disk, clock, SETTINGS);
  const calls: Promise<void>[] = [];
  for (const number of numbers) {
    calls.push(oneCall(audit, number, told));
    await clock.pass(number % 3 === 0 ? 40 : 0);
  }
  return { audit, calls };
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

test('a power cut at any moment loses nothing that was acknowledged', async () => {
  let cuts = 0;
  let torn = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 400 }), fc.nat(), async (at, seed) => {
      const clock = createClock();
      const disk = createMemoryDisk(clock.now);
      const told: Told = { intents: new Set(), terminals: new Set(), failures: 0 };
      let left = at;
      disk.fault = () => {
        left -= 1;
        if (left === 0) cuts += 1;
        if (left <= 0) throw errno('EIO');
        return undefined;
      };
      await run(disk, clock, range(0, 60), told).catch(() => undefined);
      disk.fault = () => undefined;
      disk.crash((unsynced) => seed % (unsynced + 1));

      // The timers of the process that is gone went with it.
      const after = createClock(clock.now());
      const { audit, calls } = await run(disk, after, range(1_000, 10), told);
      await after.pass(1_000);
      await Promise.all(calls);
      const closed = audit.close();
      await after.pass(1_000);
      await closed;
      const verdict = verify(FILE, disk);
      expect(verdict.problem).toBeUndefined();
      expect(verdict.signed).toBe(verdict.size);
      expectWhole(disk, told);
      if (disk.list('/log').some((name) => name.includes('.torn'))) torn += 1;
    }),
    { numRuns: CUTS, seed: 20261123 },
  );
  console.log(`power cuts: ${CUTS} trials, ${cuts} cuts, ${torn} torn tails, seed 20261123`);
  expect(cuts).toBeGreaterThan(CUTS / 2);
  expect(torn).toBeGreaterThan(0);
}, 600_000);

test('every disk call in turn fails: nothing acknowledged is lost, and the log is well again', async () => {
  const codes = ['EIO', 'ENOSPC', 'EROFS', 'short'] as const;
  let injections = 0;
  for (let at = 30; at < 30 + 3 * STEPS; at += 3) {
    for (const code of codes) {
      const clock = createClock();
      const disk = createMemoryDisk(clock.now);
      const told: Told = { intents: new Set(), terminals: new Set(), failures: 0 };
      let left = at;
      disk.fault = (call) => {
        left -= 1;
        if (left !== 0 && left !== -1) return undefined;
        injections += 1;
        if (code !== 'short') throw errno(code);
        return call === 'write' ? 3 : undefined;
      };
      const { audit, calls } = await run(disk, clock, range(0, 40), told);
      await clock.pass(3_000);
      await Promise.all(calls);
      expect(audit.status().state, `${code} at call ${at}`).toBe('ok');
      disk.fault = () => undefined;
      const after = oneCall(audit, 999, told);
      await clock.pass(1_000);
      await after;
      expect(told.terminals.has(idOf(999))).toBe(true);
      const closed = audit.close();
      await clock.pass(1_000);
      await closed;
      expect(verify(FILE, disk).problem, `${code} at call ${at}`).toBeUndefined();
      expectWhole(disk, told);
    }
  }
  console.log(`disk faults: ${STEPS * codes.length} trials, ${injections} injections`);
  expect(injections).toBeGreaterThan(STEPS * 4);
}, 600_000);
