import { expect, test } from 'vitest';
import { pack, toBody, toPieces } from '../../src/audit/entries/body.ts';
import { createHost } from '../../src/audit/log/host.ts';
import { createEd25519Signer, makeEd25519Key } from '../../src/audit/log/signer.ts';
import type { Report } from '../../src/audit/messages.ts';
import { settingsOf } from '../../src/audit/options.ts';
import { createTurn, giveUp } from '../../src/audit/turn.ts';
import { BASICS } from './basics.ts';
import { createMemoryDisk, errno } from './memory-disk.ts';
import { idOf } from './samples.ts';
import { createClock, verify } from './world.ts';

const FILE = '/log/audit.jsonl';

/** A log's host on a disk in memory, and what it told. */
function setUp() {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const turn = new Int32Array(createTurn());
  const told: Report[] = [];
  const host = createHost({
    ...{ disk, turn, now: clock.now, later: clock.later },
    settings: settingsOf({ ...BASICS, file: FILE }),
    signer: createEd25519Signer(makeEd25519Key(), BASICS.origin),
    tell: (report) => told.push(report),
  });
  told.length = 0;
  const intent = (id: number, of: number) => {
    const entry = { decision_id: idOf(id), kind: 'intent', timestamp: '' };
    host.take({ type: 'batch', id, turn: of, ...pack([toBody('+', idOf(id), toPieces(entry))]) });
  };
  return { clock, disk, turn, intent, told: () => told.splice(0) };
}

test.each([
  ['before it is written', 0],
  ['while it is synced', 1],
])('a batch that is given up %s leaves no trace in the log, which takes the next', (_, late) => {
  const { disk, turn, intent, told } = setUp();
  const before = disk.read(FILE);
  const abandon = () => expect(giveUp(turn, 0)).toBe(0);
  let writes = 0;
  disk.fault = (call, path) => {
    if (call === 'write' && path === FILE) writes += 1;
    if (late && call === 'sync' && path === FILE) abandon();
    return undefined;
  };
  if (!late) abandon();
  intent(1, 0);
  disk.fault = () => undefined;
  expect(writes).toBe(late);
  expect(told()).toEqual([{ type: 'well', open: [] }]);
  expect(disk.read(FILE)).toEqual(before);
  intent(2, 1);
  const { seq } = JSON.parse(disk.read(FILE).toString().trim().split('\n').at(-1)!);
  expect(told()).toEqual([{ type: 'done', id: 2, seq: seq + 1 }]);
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
  const kinds = disk
    .read(FILE)
    .toString()
    .matchAll(/"kind":"(\w+)"/g);
  expect([...kinds].map(([, kind]) => kind).slice(-3)).toEqual(['intent', 'suspended', 'intent']);
  expect(verify(FILE, disk).state).toBe('intact');
});
