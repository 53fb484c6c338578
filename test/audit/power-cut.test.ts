import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Audit } from '../../src/audit/assemble.ts';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { readEntries } from '../../src/audit/verify/entries.ts';
import { Refusal } from '../../src/errors.ts';
import { createRandom } from './fault-world.ts';
import { createMemoryDisk, errno, type MemoryDisk } from './memory-disk.ts';
import { answered, DENY, idOf, intended, judged } from './samples.ts';
import { createClock, createKeys, openInline, verify } from './world.ts';

const FILE = '/log/audit.jsonl';
/** The fault suite sets more. */
const CUTS = Number(process.env['FAULT_CUTS'] ?? 6);
const STEPS = Number(process.env['FAULT_STEPS'] ?? 4);
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
  // Each is read before the next is asked for: then its bytes may be overwritten.
  return log ? Array.from(readEntries(disk, log), ({ bytes }) => JSON.parse(bytes.toString())) : [];
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

/** Every call with an intent has one terminal entry. */
function expectWhole(disk: MemoryDisk): void {
  const { intents, terminals } = recordedOn(disk);
  expect(new Set(terminals).size, 'one terminal entry per call').toBe(terminals.length);
  for (const id of intents) expect(terminals.includes(id), `${id} has no terminal`).toBe(true);
}

function expectKept(disk: MemoryDisk, told: Told): void {
  const { intents, terminals } = recordedOn(disk);
  for (const id of told.intents) expect(intents.has(id)).toBe(true);
  for (const id of told.terminals) expect(terminals.includes(id)).toBe(true);
}

function recordedOn(disk: MemoryDisk) {
  const entries = entriesOf(disk);
  const intents = new Set(
    entries.filter(({ kind }) => kind === 'intent').map((e) => e.decision_id),
  );
  return { intents, terminals: entries.filter((e) => e.outcome).map((e) => e.decision_id) };
}

const SETTINGS = { ...keys, maxBytes: 20_000, checkpointEntries: 17, checkpointMs: 700 };

type Durability = 'fsync' | 'write';

/** A disk on which a sync aside takes a random time, and every checkpoint that was announced. */
function createTrial(durability: Durability, seed: number) {
  const disk = createMemoryDisk(() => trial.clock.now());
  const random = createRandom(seed);
  disk.aside = () => new Promise((done) => trial.clock.later(random(150), done));
  const told: Told = { intents: new Set(), terminals: new Set(), failures: 0 };
  const trial = {
    clock: createClock(),
    disk,
    told,
    durability,
    random,
    notes: [] as string[],
    injections: 0,
  };
  return trial;
}

type Trial = ReturnType<typeof createTrial>;

async function run(trial: Trial, numbers: readonly number[]) {
  const { clock, disk, told, durability } = trial;
  const audit = await openInline(disk, clock, {
    ...{ ...SETTINGS, durability },
    onCheckpoint: (note) => trial.notes.push(note),
  });
  const calls: Promise<void>[] = [];
  for (const number of numbers) {
    calls.push(oneCall(audit, number, told));
    await clock.pass(number % 3 === 0 ? 40 : 0);
  }
  return { audit, calls };
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

async function close({ clock }: Trial, audit: Audit): Promise<void> {
  const closed = audit.close();
  await clock.pass(1_000);
  await closed;
}

/** Cuts the power at the `at`-th call to the disk, starts again, and ends in order. */
async function cutPower(trial: Trial, at: number): Promise<{ readonly cut: boolean }> {
  const { disk, random } = trial;
  let left = at;
  disk.fault = () => {
    left -= 1;
    if (left <= 0) throw errno('EIO');
    return undefined;
  };
  await run(trial, range(0, 60)).catch(() => undefined);
  disk.fault = () => undefined;
  disk.crash((unsynced) => random(unsynced + 1));

  // The timers of the dead process died with it.
  trial.clock = createClock(trial.clock.now());
  const { audit, calls } = await run(trial, range(1_000, 10));
  await trial.clock.pass(1_000);
  await Promise.all(calls);
  await close(trial, audit);
  return { cut: left <= 0 };
}

test.each([
  { durability: 'fsync', lost: 'nothing that was acknowledged', max: 400 },
  { durability: 'write', lost: 'nothing that a checkpoint covers', max: 200 },
] as const)(
  'with durability $durability a power cut at any moment loses $lost',
  async ({ durability, max }) => {
    let cuts = 0;
    let torn = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max }), fc.nat(), async (at, seed) => {
        const trial = createTrial(durability, seed);
        const { disk, told } = trial;
        const { cut } = await cutPower(trial, at);
        const verdict = verify(FILE, disk, trial.notes);
        expect(verdict.problem).toBeUndefined();
        expect(verdict.signed).toBe(verdict.size);
        expectWhole(disk);
        if (durability === 'fsync') expectKept(disk, told);
        if (cut) cuts += 1;
        if (disk.list('/log').some((name) => name.includes('.torn'))) torn += 1;
      }),
      { numRuns: CUTS, seed: 20261123 },
    );
    console.log(`power cuts, ${durability}: ${CUTS} trials, ${cuts} cuts, ${torn} torn tails`);
    expect(cuts).toBeGreaterThan(CUTS / 2);
    expect(torn).toBeGreaterThan(0);
  },
  600_000,
);

const CODES = ['EIO', 'ENOSPC', 'EROFS', 'short'] as const;

/** The `at`-th call to the disk and the next one fail. */
function failAt(trial: Trial, at: number, code: (typeof CODES)[number]): void {
  let left = at;
  trial.disk.fault = (call) => {
    left -= 1;
    if (left !== 0 && left !== -1) return undefined;
    trial.injections += 1;
    if (code !== 'short') throw errno(code);
    return call === 'write' ? 3 : undefined;
  };
}

test.each(['fsync', 'write'] as const)(
  'with durability %s a failure of any disk call loses nothing, and the log recovers',
  async (durability) => {
    let injections = 0;
    for (let at = 30; at < 30 + 3 * STEPS; at += 3) {
      for (const code of CODES) {
        const what = `${code} at call ${at}`;
        const trial = createTrial(durability, at);
        const { clock, disk, told } = trial;
        failAt(trial, at, code);
        const { audit, calls } = await run(trial, range(0, 40 + STEPS));
        await clock.pass(3_000);
        await Promise.all(calls);
        expect(audit.status().state, what).toBe('ok');
        injections += trial.injections;
        disk.fault = () => undefined;
        const after = oneCall(audit, 999, told);
        await clock.pass(1_000);
        await after;
        expect(told.terminals.has(idOf(999))).toBe(true);
        await close(trial, audit);
        disk.crash(() => 0);
        expect(verify(FILE, disk, trial.notes), what).toMatchObject({
          problem: undefined,
          state: 'intact',
        });
        expectWhole(disk);
        expectKept(disk, told);
      }
    }
    console.log(
      `disk faults, ${durability}: ${STEPS * CODES.length} trials, ${injections} injections`,
    );
    expect(injections).toBeGreaterThan(STEPS * 4);
  },
  600_000,
);
