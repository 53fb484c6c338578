import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { run as bulk } from '../../src/cli/bulk/run.ts';
import { run as check } from '../../src/cli/check.ts';
import type { Run } from '../../src/cli/command.ts';
import { run as reEncrypt } from '../../src/cli/re-encrypt/run.ts';
import { loadService } from '../../src/server/service.ts';
import { createTerminal } from '../helpers/run-command.ts';

/** Clears the screen and gives the window another title; U+202E turns the direction of what follows. */
const EVIL = '\u001b[2J\u001b]0;x\u0007\u009b1m\u202e';
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}]/u;

type Answer = sendUnaryData<unknown>;

/** Every call gets this. */
let answer: (done: Answer) => void;
let server: Server;
let target: string[];

beforeAll(async () => {
  server = new Server();
  const handle = (_: ServerUnaryCall<unknown, unknown>, done: Answer) => answer(done);
  const names = ['ReEncrypt', 'CheckReEncrypt', 'BatchReEncrypt'];
  server.addService(loadService(), Object.fromEntries(names.map((name) => [name, handle])));
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  target = ['--endpoint-url', `127.0.0.1:${port}`];
});

afterAll(() => server.forceShutdown());

beforeEach(() => {
  answer = (done) => done({ code: status.UNAVAILABLE, details: EVIL });
});

const CALL = ['--ciphertext-blob', 'AQID', '--source-key-id', 'a', '--destination-key-id', 'b'];

/** Runs it on a terminal. */
async function seen(run: Run, args: readonly string[]): Promise<string> {
  const terminal = createTerminal({ env: { AWS_PAGER: '' } });
  Object.assign(terminal.stdout, { isTTY: true });
  await run([...args, ...target], terminal);
  return terminal.output() + terminal.errors();
}

test.each(['json', 'text', 'table', 'yaml', 'yaml-stream'])(
  'the answers of a hostile server cannot move the cursor as %s',
  async (format) => {
    const key = { requestedKeyId: EVIL, aliases: [EVIL] };
    const whole = { ciphertextBlob: Buffer.from('x'), keyId: EVIL, decisionId: EVIL };
    answer = (done) => done(null, { ...whole, rule: EVIL, source: key });
    for (const run of [reEncrypt, check]) {
      const shown = await seen(run, [...CALL, '--output', format, '--color', 'off']);
      expect(shown).toContain(format === 'json' ? String.raw`\u001b[2J` : String.raw`\u{1b}[2J`);
      expect(shown.replaceAll('\t', '')).not.toMatch(UNSAFE);
    }
  },
);

test.each([status.UNAVAILABLE, status.PERMISSION_DENIED, status.UNIMPLEMENTED])(
  'nor can its errors of code %d',
  async (code) => {
    answer = (done) => done({ code, details: EVIL });
    for (const run of [reEncrypt, check]) {
      const shown = await seen(run, CALL);
      expect(shown).toContain(String.raw`\u{1b}[2J`);
      expect(shown).not.toMatch(UNSAFE);
    }
  },
);

test('nor can the reason for which a bulk job is held up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  const items = join(folder, 'items.jsonl');
  writeFileSync(items, '{"reference":"a","ciphertext_blob":"AQID","destination_key_id":"b"}\n');
  const shown = await seen(bulk, [items, join(folder, 'results.jsonl'), '--retry-for', '1']);
  expect(shown).toMatch(/^held up, and trying again: \\u\{1b\}/);
  expect(shown).not.toMatch(UNSAFE);
});
