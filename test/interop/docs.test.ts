import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, startChild } from './helpers/child.ts';
import { describeWith, runTool, TOOLS_PATH } from './helpers/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Every page that people read. */
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter((page) =>
    existsSync(join(ROOT, page)),
  ),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
].sort();

const pages = new Map(PAGES.map((page) => [page, readFileSync(join(ROOT, page), 'utf8')]));

describe('the links', () => {
  it.each(PAGES)('of %s lead somewhere', (page) => {
    const prose = (pages.get(page) ?? '').replaceAll(/^```.*?^```/gms, '');
    for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?|mailto):/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
      expect(existsSync(target), `${page}: ${link}`).toBe(true);
      if (anchor === undefined) continue;
      expect(anchors(pages.get(relative(ROOT, target)) ?? ''), `${page}: ${link}`).toContain(
        anchor,
      );
    }
  });
});

/** Made from headings as GitHub does. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

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
