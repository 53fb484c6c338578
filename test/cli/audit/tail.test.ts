import { expect, test } from 'vitest';
import { run } from '../../../src/cli/audit/run.ts';
import { Refusal } from '../../../src/errors.ts';
import { callOf, PRINCIPAL } from '../../audit/samples.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { createTerminal } from '../../helpers/run-command.ts';
import { runAudit as audit } from './run-audit.ts';
import { makeWhole } from './whole-log.ts';

const { file } = makeWhole();

test('tail paints how calls ended, on a terminal that takes colours', async () => {
  const tail = async (isTTY: boolean, args: readonly string[] = [], env = {}) => {
    const terminal = createTerminal({ env });
    Object.assign(terminal.stdout, { isTTY });
    await run(['tail', file, ...args], terminal);
    return terminal.output();
  };
  const painted = await tail(true);
  expect(painted).toContain('\u001b[32mreleased\u001b[0m  ');
  expect(painted).toContain('\u001b[33mdenied\u001b[0m  ');
  expect(painted).toContain('\u001b[2mintent\u001b[0m  ');
  const plain = await tail(false);
  expect(plain).toMatch(/ {2}released {2}.* {2}1\.5 ms {2}/);
  expect(plain).not.toContain('\u001b');
  expect(await tail(true, ['--no-color'])).toBe(plain);
  expect(await tail(true, [], { NO_COLOR: '1' })).toBe(plain);
});

test('tail shows what happened to the log and its process, not only the kind', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.event('correction', {
    correction: { reason: 'AUDIT_UNAVAILABLE', status: 'withheld' },
  });
  await log.event('dropped', { dropped: { count: 7, sink: 'stdout' } });
  await log.crash('out of\nluck');
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toMatch(/ {2}correction {2}reason AUDIT_UNAVAILABLE, status withheld/);
  expect(output).toMatch(/ {2}dropped {2}count 7, sink stdout\n/);
  expect(output).toMatch(/ {2}crash {2}cause out of\\u\{a\}luck\n/);
});

test('tail shows callers’ text on one line, without control characters', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const keyId = 'x\n99  forged\u001b[2J\u009b2J\u202e\u2028';
  const { source } = callOf(1);
  const call = callOf(1, { source: { ...source, keyId } });
  await log.terminal({ call, principal: PRINCIPAL }, new Refusal('INVALID_REQUEST'));
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toContain('x\\u{a}99  forged\\u{1b}[2J\\u{9b}2J\\u{202e}\\u{2028}');
  for (const raw of ['\n99', '\u001b', '\u009b', '\u202e', '\u2028'])
    expect(output).not.toContain(raw);
});
