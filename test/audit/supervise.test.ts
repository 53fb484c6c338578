import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRounds } from '../../src/audit/batches/rounds.ts';
import { type Packed, pack, toBody, toEventBody, toPieces } from '../../src/audit/entries/body.ts';
import { settingsOf, signingKeyOf } from '../../src/audit/options.ts';
import { type Supervised, supervise } from '../../src/audit/supervise.ts';
import { BASICS } from './basics.ts';
import { idOf } from './samples.ts';
import { createFolder } from './world.ts';

test('an order sent when a new thread reports ready goes to it, not to the one that died; calls stay open', async () => {
  await using folder = createFolder();
  const options = { ...BASICS, file: folder.file };
  const done = new Map([1, 2].map((id) => [id, Promise.withResolvers<void>()]));
  const deaths: string[] = [];
  const open: (readonly string[])[] = [];
  const supervised: Supervised = await supervise({
    data: { settings: settingsOf(options), key: signingKeyOf(options), rounds: createRounds() },
    onReport(report) {
      if (report.type === 'ready' && open.push(report.open) === 2) post(2, entry);
      if (report.type === 'done') done.get(report.id)?.resolve();
    },
    onDeath: (cause) => deaths.push(cause),
  });
  const post = (id: number, packed: Packed) =>
    supervised.post({ type: 'batch', id, round: 0, ...packed });
  const entry = pack([toEventBody('test', new Date(0).toISOString(), {})]);
  const begun = { decision_id: idOf(1), kind: 'intent', timestamp: new Date(0).toISOString() };
  post(1, pack([toBody('+', idOf(1), toPieces(begun))]));
  await done.get(1)?.promise;
  // An invalid order ends the thread.
  supervised.post(null as never);
  await done.get(2)?.promise;
  expect(deaths).toHaveLength(1);
  expect(open).toEqual([[], [idOf(1)]]);
  await supervised.close({ type: 'close', last: entry });
  expect(deaths, 'an end that was asked for is none').toHaveLength(1);
  const lines = readFileSync(folder.file, 'utf8').trim().split('\n');
  // The call is still running in this process: its outcome is not unknown.
  const kinds = lines.map((line) => JSON.parse(line).kind);
  expect(kinds).toEqual(['segment', 'started', 'intent', 'restarted', 'test', 'test']);
});

test('a thread that is restarting when the log is closed gets the last order, and ends', async () => {
  await using folder = createFolder();
  const options = { ...BASICS, file: folder.file };
  const death = Promise.withResolvers<string>();
  const reports: string[] = [];
  const supervised = await supervise({
    data: { settings: settingsOf(options), key: signingKeyOf(options), rounds: createRounds() },
    onReport: ({ type }) => reports.push(type),
    onDeath: death.resolve,
  });
  supervised.post(null as never);
  await death.promise;
  // By then the next one has started, but has not yet opened the log.
  await setTimeout(270);
  const last = pack([toEventBody('shutdown', new Date(0).toISOString(), {})]);
  await supervised.close({ type: 'close', last });
  const [line = ''] = readFileSync(folder.file, 'utf8').trim().split('\n').slice(-1);
  expect(JSON.parse(line)).toMatchObject({ kind: 'shutdown' });
  expect(reports.at(-1)).toBe('closed');
});
