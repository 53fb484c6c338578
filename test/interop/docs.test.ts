import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import { pages } from '../helpers/pages.ts';
import { type Child, startChild } from './helpers/child.ts';
import { describeWith, runTool, TOOLS_PATH } from './helpers/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Pages that have their own end-to-end test. */
const WALKED = ['docs/policy.md'];

/**
 * Shell blocks run as they are, except for those whose first line says what they need (`# needs AWS`)
 * and those that install, which CI runs as its own step.
 */
const BLOCKS = [...pages]
  .filter(([page]) => !WALKED.includes(page))
  .flatMap(([page, text]) =>
    [...text.matchAll(/^```sh\n(.*?)^```/gms)]
      .map(([, block = '']) => [page, block] as const)
      .filter(([, block]) => !/^# (needs|takes)|^npm (ci|install|start)/.test(block)),
  );

describeWith(['unshare', 'nsenter', 'ip', 'grpcurl', 'aws', 'kustomize'], 'the shell block', () => {
  let folder: string;
  let server: Child;
  let blob: string;
  beforeAll(async () => {
    // A copy, so that a block may write; a separate network, so that the ports in the docs are free.
    folder = mkdtempSync(join(tmpdir(), 'krp-docs-'));
    for (const file of runTool('git', ['ls-files'], { cwd: ROOT }).trim().split('\n')) {
      if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(folder, file));
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const serve = 'ip link set lo up && exec node src/main.ts serve --config config/demo.yaml';
    server = startChild('unshare', ['--net', 'bash', '-c', serve], { cwd: folder });
    [, blob = ''] = await server.matches(/--ciphertext-blob ([A-Za-z0-9+/=]+)/);
    for (const file of ['secret.bin', 'secret.kms']) {
      writeFileSync(join(folder, file), Buffer.from(blob, 'base64'));
    }
    const item = {
      reference: 'row-17',
      ciphertext_blob: blob,
      source_key_id: 'alias/demo-source',
      source_encryption_context: { tenant: 'acme' },
      destination_encryption_context: { tenant: 'acme' },
    };
    writeFileSync(join(folder, 'items.jsonl'), `${JSON.stringify(item)}\n`);
    // The installed command.
    const command = `#!/bin/sh\nexec node ${join(folder, 'src/main.ts')} "$@"\n`;
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/kms-reencrypt-proxy'), command, { mode: 0o755 });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(BLOCKS)('of %s works: %s', (_, block) => {
    const env = {
      BLOB: blob,
      PATH: `${join(folder, 'bin')}:${TOOLS_PATH}`,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_PAGER: '',
    };
    const args = [`--net=/proc/${server.pid}/ns/net`, 'bash', '-euo', 'pipefail', '-c', block];
    runTool('nsenter', args, { cwd: folder, env });
  });
});
