import { expect, test } from 'vitest';
import { createRounds, giveUp } from '../../../src/audit/batches/rounds.ts';
import { pack, toBody, toPieces } from '../../../src/audit/entries/body.ts';
import { createHost } from '../../../src/audit/log/host.ts';
import { createEd25519Signer, makeEd25519Key } from '../../../src/audit/log/signer.ts';
import type { Report } from '../../../src/audit/messages.ts';
import { settingsOf } from '../../../src/audit/options.ts';
import { BASICS } from '../basics.ts';
import { createMemoryDisk, errno } from '../memory-disk.ts';
import { idOf } from '../samples.ts';
import { createClock, verify } from '../world.ts';

const FILE = '/log/audit.jsonl';

/** A log's host on a disk in memory, and what it told. */
function setUp() {
  const clock = createClock();
  let heldMs = 0;
  const now = () => clock.now() + heldMs;
  const disk = createMemoryDisk(now);
  const rounds = new Int32Array(createRounds());
  const told: Report[] = [];
  const host = createHost({
    ...{ disk, rounds, now, later: clock.later },
    settings: settingsOf({ ...BASICS, file: FILE }),
    signer: createEd25519Signer(makeEd25519Key(), BASICS.origin),
    tell: (report) => told.push(report),
  });
  told.length = 0;
  const intent = (id: number, of: number) => {
    const entry = { decision_id: idOf(id), kind: 'intent', timestamp: '' };
    host.take({ type: 'batch', id, round: of, ...pack([toBody('+', idOf(id), toPieces(entry))]) });
  };
  /** How a disk holds up whoever calls it. */
  const hold = (ms: number) => {
    heldMs += ms;
  };
  return { clock, disk, rounds, intent, hold, told: () => told.splice(0) };
}

function kindsIn(log: Buffer): readonly string[] {
  return [...log.toString().matchAll(/"kind":"(\w+)"/g)].map(([, kind = '']) => kind);
}

test.each([
  ['before it is written', 0],
  ['while it is synced', 1],
])(
  'a batch that is given up %s is not in the log, which says that it was suspended and takes the next',
  (_, late) => {
    const { disk, rounds, intent, told } = setUp();
    const before = kindsIn(disk.read(FILE));
    const abandon = () => expect(giveUp(rounds, 0)).toBe(0);
    let writes = 0;
    disk.fault = (call, path) => {
      if (call === 'write' && path === FILE) writes += 1;
      if (late && call === 'sync' && path === FILE && writes === 1) abandon();
      return undefined;
    };
    if (!late) abandon();
    intent(1, 0);
    disk.fault = () => undefined;
    expect(writes).toBe(late + 1);
    expect(told()).toEqual([{ type: 'well', open: [] }]);
    expect(kindsIn(disk.read(FILE))).toEqual([...before, 'suspended']);
    intent(2, 1);
    const { seq } = JSON.parse(disk.read(FILE).toString().trim().split('\n').at(-1)!);
    expect(told()).toEqual([{ type: 'done', id: 2, seq: seq + 1 }]);
    expect(verify(FILE, disk).state).toBe('intact');
  },
);

test('a disk that takes 3 s for each entry keeps the log suspended, until it is as fast as calls need it', async () => {
  const { clock, disk, rounds, intent, hold, told } = setUp();
  const before = kindsIn(disk.read(FILE));
  disk.fault = (call, path) => {
    if (call !== 'sync' || path !== FILE) return undefined;
    hold(3_000);
    giveUp(rounds, 0);
    return undefined;
  };
  intent(1, 0);
  await clock.pass(60_000);
  expect(told()).toEqual([]);
  expect(kindsIn(disk.read(FILE))).toEqual(before);
  disk.fault = () => undefined;
  await clock.pass(1_000);
  expect(told()).toContainEqual({ type: 'well', open: [] });
  expect(kindsIn(disk.read(FILE)).slice(before.length)).toEqual(['suspended', 'checkpoint']);
  expect(verify(FILE, disk).state).toBe('intact');
});

test('a log that cannot be written refuses each batch until it has recovered, and says what is open then', async () => {
  const { clock, disk, intent, told } = setUp();
  intent(1, 0);
  disk.fault = (call, path) => {
    if (call === 'write' && path.startsWith(FILE)) throw errno('EIO');
    return undefined;
  };
  for (const id of [2, 3]) intent(id, 0);
  await clock.pass(2_000);
  const fault = { type: 'fault', code: 'EIO', message: 'EIO: made by the test' };
  expect(told().slice(1)).toEqual([2, 3].map((id) => ({ ...fault, id })));
  disk.fault = () => undefined;
  await clock.pass(1_000);
  expect(told()).toEqual([{ type: 'well', open: [idOf(1)] }]);
  intent(4, 0);
  expect(told()).toMatchObject([{ type: 'done', id: 4 }]);
  expect(kindsIn(disk.read(FILE)).slice(-3)).toEqual(['intent', 'suspended', 'intent']);
  expect(verify(FILE, disk).state).toBe('intact');
});
