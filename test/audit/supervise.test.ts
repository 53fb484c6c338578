import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { pack, toEventBody } from '../../src/audit/body.ts';
import type { Report } from '../../src/audit/messages.ts';
import { settingsOf, signingKeyOf } from '../../src/audit/options.ts';
import { type Supervised, supervise } from '../../src/audit/supervise.ts';
import { createTurn } from '../../src/audit/turn.ts';
import { BASICS } from './basics.ts';
import { createFolder } from './world.ts';

test('an order sent when a new thread reports ready goes to it, not to the one that died', async () => {
  await using folder = createFolder();
  const options = { ...BASICS, file: folder.file };
  const done = Promise.withResolvers<Report>();
  const deaths: string[] = [];
  let supervised: Supervised | undefined;
  const entry = pack([toEventBody('test', new Date(0).toISOString(), {})]);
  supervised = await supervise({
    data: { settings: settingsOf(options), key: signingKeyOf(options), turn: createTurn() },
    onReport(report) {
      if (report.type === 'ready') supervised?.post({ type: 'batch', id: 1, turn: 0, ...entry });
      if (report.type === 'done') done.resolve(report);
    },
    onDeath: (cause) => deaths.push(cause),
  });
  // An invalid order ends the thread.
  supervised.post(null as never);
  expect(await done.promise).toMatchObject({ id: 1 });
  expect(deaths).toHaveLength(1);
  await supervised.close({ type: 'close', last: entry });
});

test('a thread that is restarting when the log is closed gets the last order, and ends', async () => {
  await using folder = createFolder();
  const options = { ...BASICS, file: folder.file };
  const death = Promise.withResolvers<string>();
  const reports: string[] = [];
  const supervised = await supervise({
    data: { settings: settingsOf(options), key: signingKeyOf(options), turn: createTurn() },
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
