import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileStamp } from '../../files/stamp.ts';
import { compileFolder } from './compile.ts';
import { isRead } from './rego-folder.ts';
import type { Source } from './source.ts';
import { watch } from './watch.ts';

interface FolderSourceOptions {
  readonly path: string;
  readonly intervalMs: number;
}

/** A folder of Rego, compiled by `opa` at start and whenever a policy or its data changes. */
export function folderSource({ path, intervalMs }: FolderSourceOptions): Source {
  const fingerprint = () => fingerprintOfFolder(path);
  let fetched = '';
  return {
    name: path,
    remote: false,
    forget: () => {},
    async fetch() {
      fetched = await fingerprint().catch(() => '');
      return compileFolder({ folder: path });
    },
    follow: (check) => watch({ fingerprint, fetched: () => fetched, intervalMs, check }),
  };
}

async function fingerprintOfFolder(path: string): Promise<string> {
  const names = await readdir(path, { recursive: true });
  const read = names.filter(isRead).sort();
  const prints = read.map(async (name) => `${name} ${await fileStamp(join(path, name))}`);
  return (await Promise.all(prints)).join('\n');
}
