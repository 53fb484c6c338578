import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import {
  ALLOW,
  answered,
  DENY,
  DESTINATION,
  intended,
  judged,
  SOURCE,
} from '../../audit/samples.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { runAudit as audit } from './run-audit.ts';

test('stats count the rule of each call once, also of those that an option chooses', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.intent(intended(1));
  await log.terminal(answered(1));
  // No source key was named, so the policy was asked again, for the outcome.
  await log.intent(intended(2));
  await log.terminal({ ...answered(2), decision: { ...ALLOW, phase: 'result', rule: 'again' } });
  await log.close();
  for (const chosen of [[], ['--outcome', 'released']]) {
    const { output } = await audit(['stats', '--json', folder.file, ...chosen]);
    expect(JSON.parse(output).rule).toEqual({ [ALLOW.rule]: 1, again: 1 });
  }
});

test('stats count each code of a call’s objections once, on either side', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const reasons = ['key key', 'key hour'].map((codes) =>
    codes.split(' ').map((code) => ({ code, message: '', side: 'source' as const })),
  );
  for (const [number, why] of reasons.entries()) {
    const decision = { ...DENY, reasons: why };
    await log.terminal({ ...judged(number), decision }, new Refusal('POLICY_DENIED'));
  }
  await log.close();
  const { output } = await audit(['stats', '--json', folder.file, '--policy', 'denied']);
  expect(JSON.parse(output).policy_code).toEqual({ key: 2, hour: 1 });
});

test('stats span all logs and count every call that was turned away', async () => {
  await using late = createFolder();
  await using early = createFolder();
  const days = [late, early].map(({ file }, index) => ({ file, day: 21 - index }));
  for (const { file, day } of days) {
    const log = await openThreadless(file);
    await log.event('turned_away', { turned_away: { reason: 'UNAUTHENTICATED', count: day } });
    await log.close();
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replaceAll(/"timestamp":"\d+-\d+-\d+/g, `"timestamp":"2026-11-${day}`),
    );
  }
  const { output } = await audit(['stats', late.file, early.file]);
  expect(output).toMatch(/^from 2026-11-20T\S+ to 2026-11-21T/);
  expect(output).toMatch(/turned_away\n {10}41 {2}UNAUTHENTICATED\n$/);
  const none = await audit(['stats', late.file, '--principal', 'nobody']);
  expect(none).toMatchObject({ code: 0, output: 'no entries\n' });
});

test('stats count releases for each pair of keys, with the time of the last', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.intent(intended(1));
  await log.intent(intended(2));
  await log.terminal(answered(1));
  await log.terminal(answered(2));
  await log.terminal(judged(3, { decision: DENY }), new Refusal('POLICY_DENIED'));
  await log.close();
  const entries = readFileSync(folder.file, 'utf8').trim().split('\n');
  const outcomes = entries.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'outcome');
  const keys = { source: SOURCE.keyArn, destination: DESTINATION.keyArn };
  const last = outcomes.at(-1)?.timestamp;
  const { keys: pairs } = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(pairs).toEqual([{ ...keys, released: 2, last }]);
  const { output } = await audit(['stats', folder.file]);
  expect(output).toContain(`  2  ${keys.source} → ${keys.destination}  last ${last}\n`);
  const orphans = await audit(['stats', '--kind', 'outcome', folder.file]);
  expect(orphans.output).toContain(keys.source);
});
