import { truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '../../../src/cli/audit/run.ts';
import { createFolder } from '../../audit/world.ts';
import { createTerminal } from '../../helpers/run-command.ts';
import { runAudit as audit } from './run-audit.ts';

const CONTROL = /(?!\n)[\p{Cc}\p{Cf}]/u;
const EVIL = '\u001b]0;title\u0007\u009b2J\u202e\n99  forged';
const PREV = '0'.repeat(64);

function headOf(seq: string, vkey = 'v', origin = 'o') {
  const segment = { first_seq: 7, open: [], origin, predecessor: null, schema: 2, tree: [], vkey };
  const head = { kind: 'segment', labels: {}, prev: PREV, segment, seq: 7, timestamp: '' };
  return JSON.stringify(head).replaceAll(/(?<=seq":)7/g, seq);
}

test('a head whose seq no log can have is none, and no command takes for ever over it', async () => {
  await using folder = createFolder();
  for (const seq of ['1.5', '1e999', '-1']) {
    writeFileSync(folder.file, `${headOf(seq)}\n`);
    for (const command of ['verify', 'tail', 'stats', 'export']) {
      const { code, errors } = await audit([command, folder.file]);
      if (command === 'verify') expect(errors, seq).toContain('not a segment head');
      expect(code, `${command} ${seq}`).toBe(command === 'verify' ? 1 : 0);
    }
  }
});

test('no text of a log, of its name or of an origin reaches a terminal as it is', async () => {
  await using folder = createFolder();
  const file = `${folder.path}/\u001b[2J.jsonl`;
  const origins = `${folder.path}/origins`;
  writeFileSync(origins, EVIL);
  const entry = { kind: EVIL, seq: EVIL, prev: PREV, timestamp: EVIL, decision_id: EVIL };
  const outcome = { status: EVIL, code: EVIL, reason: EVIL };
  const away = { reason: EVIL, count: EVIL };
  const lines = [headOf('0', EVIL, EVIL), JSON.stringify({ ...entry, outcome, turned_away: away })];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const commands = [['tail'], ['stats'], ['verify'], ['verify', '--follow'], ['prove', '1']];
  for (const args of [...commands, ['verify', '--origins', origins]]) {
    const { output, errors } = await audit([...args, file]);
    expect(`${output}${errors}`, args.join(' ')).not.toMatch(CONTROL);
    expect(output, args.join(' ')).not.toMatch(/^99/m);
  }
});

test('entries whose values a mask has erased, or that are nested too deeply, are still shown', async () => {
  await using folder = createFolder();
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const of = (principal: string) =>
    `{"input":{"principal":${principal}},"kind":"refusal","seq":0,"timestamp":"2026-11-28T00:00:00Z"}`;
  const outcome = '"kind":"outcome","outcome":{"status":"failed"}';
  for (const line of [
    of('{"kind":"jwt"}'),
    of(`{"id":${deep},"kind":"jwt"}`),
    of(`{"id":${deep},"kind":"jwt"}`).replace('"kind":"refusal"', outcome),
    of('{}').replace('"kind":"refusal"', `"kind":"broken","broken":{"why":${deep}}`),
  ]) {
    writeFileSync(folder.file, `${line}\n`);
    const all = [['tail'], ['export', '--format', 'csv'], ['stats'], ['stats', '--json']];
    for (const args of all) {
      const { code, errors } = await audit([...args, folder.file]);
      expect({ code, errors }, args.join(' ')).toEqual({ code: 0, errors: '' });
    }
    const others = await audit(['tail', '--principal', 'x', folder.file]);
    expect(others).toMatchObject({ code: 0, errors: expect.stringContaining('no entry is as') });
  }
});

test('export escapes on a terminal what would move its cursor, and nowhere else', async () => {
  await using folder = createFolder();
  const of = (text: string) =>
    `{"kind":"refusal","requested_by":"${text}","seq":0,"timestamp":""}\n`;
  for (const [format, text, escaped] of [
    ['csv', '\\u001b[2J', '\\u{1b}[2J'],
    ['jsonl', '\u009b2J', '\\u009b2J'],
  ] as const) {
    writeFileSync(folder.file, of(text));
    const terminal = createTerminal();
    Object.assign(terminal.stdout, { isTTY: true });
    const args = ['export', '--format', format, folder.file];
    await run(args, terminal);
    expect(terminal.output()).toContain(escaped);
    expect(terminal.output()).not.toMatch(CONTROL);
    expect((await audit(args)).output).toMatch(CONTROL);
  }
});

test('JSON about a log is the same JSON without what a terminal would interpret', async () => {
  await using folder = createFolder();
  const entry = JSON.stringify({ kind: EVIL, seq: 0, timestamp: EVIL });
  writeFileSync(folder.file, `${headOf('0', 'v', EVIL)}\n${entry}\n`);
  const verdict = (await audit(['verify', '--json', folder.file])).output;
  const stats = (await audit(['stats', '--json', folder.file])).output;
  expect(verdict + stats).not.toMatch(CONTROL);
  expect(JSON.parse(verdict).logs[0].origins).toEqual([EVIL]);
  expect(JSON.parse(stats).kind).toMatchObject({ [EVIL]: 1 });
});

test('tail --json escapes on a terminal what JSON leaves as it is, and nowhere else', async () => {
  await using folder = createFolder();
  const entry = { kind: '\u009b2J\u{e0001}', seq: 0, timestamp: '2026-11-28T00:00:00Z' };
  const line = `${JSON.stringify(entry)}\n`;
  writeFileSync(folder.file, line);
  const terminal = createTerminal();
  Object.assign(terminal.stdout, { isTTY: true });
  await run(['tail', '--json', folder.file], terminal);
  expect(terminal.output()).toContain('"\\u009b2J\\udb40\\udc01"');
  expect(JSON.parse(terminal.output())).toEqual(entry);
  expect((await audit(['tail', '--json', folder.file])).output).toBe(line);
});

test('a checkpoint of gigabytes is damaged, and is not read into memory', async () => {
  await using folder = createFolder();
  writeFileSync(folder.file, `${headOf('0')}\n`);
  writeFileSync(`${folder.file}.checkpoint`, '');
  truncateSync(`${folder.file}.checkpoint`, 8 * 2 ** 30);
  for (const [command, code] of [
    ['verify', 1],
    ['prove', 3],
  ] as const) {
    const seqs = command === 'prove' ? ['0'] : [];
    const ran = await audit([command, ...seqs, folder.file]);
    expect([ran.code, ran.errors]).toEqual([code, expect.stringContaining('not a checkpoint')]);
  }
});
