import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pack, toEventBody } from '../../src/audit/body.ts';
import type { Report } from '../../src/audit/messages.ts';
import { settingsOf, signingKeyOf } from '../../src/audit/options.ts';
import { type Supervised, supervise } from '../../src/audit/supervise.ts';
import { createTurn } from '../../src/audit/turn.ts';

const OPTIONS = {
  file: join(mkdtempSync(join(tmpdir(), 'supervise-')), 'audit.jsonl'),
  durability: 'write',
  backend: 'aws',
  version: '0',
  now: Date.now,
  warn: () => {},
} as const;

test('a new thread gets what its first report brings about, and not the one that died', async () => {
  const done = Promise.withResolvers<Report>();
  const deaths: string[] = [];
  let supervised: Supervised | undefined;
  const entry = pack([toEventBody('test', new Date(0).toISOString(), {})]);
  supervised = await supervise({
    data: { settings: settingsOf(OPTIONS), key: signingKeyOf(OPTIONS), turn: createTurn() },
    onReport(report) {
      if (report.type === 'ready') supervised?.post({ type: 'batch', id: 1, turn: 0, ...entry });
      if (report.type === 'done') done.resolve(report);
    },
    onDeath: (cause) => deaths.push(cause),
  });
  // What is no order ends the thread.
  supervised.post(null as never);
  expect(await done.promise).toMatchObject({ id: 1 });
  expect(deaths).toHaveLength(1);
  await supervised.close({ type: 'close', last: entry });
});
