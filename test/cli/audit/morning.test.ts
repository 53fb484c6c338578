import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { run as audit } from '../../../src/cli/audit/run.ts';
import { run as policy } from '../../../src/cli/policy/run.ts';
import { closeAll, connect, reEncrypt } from '../../helpers/grpc-client.ts';
import { startProxy } from '../../helpers/proxy.ts';
import { runCommand } from '../../helpers/run-command.ts';

const COMMANDS = { audit, policy };
const [, section = ''] = /^## An auditor’s morning\n(.*?)^## /ms.exec(
  readFileSync('docs/audit.md', 'utf8'),
) ?? [''];
const steps = [...section.matchAll(/^```console\n\$ (.*?)\n(.*?)^```/gms)].map(
  ([, command = '', output = '']) => ({ command, output }),
);

const folder = mkdtempSync(join(tmpdir(), 'morning-'));
const at = (name: string) => join(folder, name);
let denied: string;

/** One run of the proxy; only calls that keep the tenant `acme` are allowed. */
async function aDayOf(...tenants: readonly string[]): Promise<void> {
  const log = [`audit.file=${at('audit.jsonl')}`, 'audit.origin=payments/pod-0'];
  const proxy = await startProxy(log);
  const sealed = proxy.embedded?.operations.Encrypt({
    KeyId: 'alias/demo-source',
    Plaintext: Buffer.from('plaintext'),
    EncryptionContext: { tenant: 'acme' },
  });
  const client = connect(proxy.endpoint);
  for (const tenant of tenants) {
    await reEncrypt(client, {
      ciphertextBlob: sealed?.CiphertextBlob ?? Buffer.alloc(0),
      sourceKeyId: 'alias/demo-source',
      sourceEncryptionContext: { tenant: 'acme' },
      destinationKeyId: 'alias/demo-destination',
      destinationEncryptionContext: { tenant },
    }).catch(() => undefined);
  }
  closeAll(client);
  await proxy.stop();
}

beforeAll(async () => {
  copyFileSync('policies/bundle.tar.gz', at('bundle.tar.gz'));
  await aDayOf('acme', 'acme');
  copyFileSync(at('audit.jsonl.checkpoint'), at('yesterday.note'));
  await aDayOf('acme', 'globex');
  const entries = readFileSync(at('audit.jsonl'), 'utf8').trimEnd().split('\n');
  const [head, ...others] = entries.map((line) => JSON.parse(line));
  writeFileSync(at('proxy.vkey'), `${head.segment.vkey}\n`);
  denied = others.find(({ kind }) => kind === 'refusal').decision_id;
});

/** As much of a shell as the page needs: `a > file`, `a | b`. */
async function shell(command: string): Promise<string> {
  const [pipeline = '', target] = command.replaceAll(ID, denied).split(' > ');
  let bytes: Buffer = Buffer.alloc(0);
  for (const part of pipeline.split(' | ')) {
    const [, name = '', ...args] = part.split(' ');
    const known = args.map((arg) => (/\.[\w-]+$/.test(arg) ? at(arg) : arg));
    const ran = await runCommand(COMMANDS[name as keyof typeof COMMANDS], known, { stdin: bytes });
    expect(ran, command).toMatchObject({ exit: 0, stderr: '' });
    bytes = ran.stdoutBytes;
  }
  if (target === undefined) return bytes.toString().replaceAll(`${folder}/`, '');
  writeFileSync(at(target), bytes);
  return '';
}

const ID = /[0-9a-f]{8}-[0-9a-f-]{27}/g;

/** Replaces what differs between runs. */
function withoutChance(text: string): string {
  return text
    .replaceAll(ID, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\+[0-9a-f]{8}\+[\w+/]{43,44}=*/g, '+<key>')
    .replaceAll(/[\w+/]{43}=/g, '<hash>')
    .replaceAll(/[0-9a-f]{64}/g, '<hmac>')
    .replaceAll(/\d+ bytes/g, '<bytes>');
}

test('each command of the page prints what the page shows', async () => {
  expect(steps.length).toBeGreaterThan(5);
  for (const { command, output } of steps) {
    const shown = await shell(command);
    expect(withoutChance(shown), command).toBe(withoutChance(output));
  }
  expect(readFileSync(at('entry.json'), 'utf8')).toContain(denied);
});

test('the mark that the page searches for is only in the entries about it', async () => {
  const hash = await shell('kms-reencrypt-proxy audit hash globex --key audit.jsonl.hmac-key');
  const lines = readFileSync(at('audit.jsonl'), 'utf8').trimEnd().split('\n');
  const found = lines.filter((line) => line.includes(hash.trim()));
  expect(found.map((line) => JSON.parse(line).decision_id)).toEqual([denied]);
});
