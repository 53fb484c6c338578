import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';

/**
 * One folder for all temporary folders of a run, deleted after it. It holds what tests and their
 * processes make, even when a test fails or a process is killed; so a test need not clean up after
 * itself, unless its files are large.
 */
let folder: string;

/** In it: what `builtProgram` makes. */
export const PACKAGE = 'package';

export function setup(project: TestProject): void {
  // Short, because paths of Unix sockets end at 107 bytes.
  folder = mkdtempSync(join(tmpdir(), 'krp-'));
  // Like /tmp: some tests run a process as another user.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  // Otherwise each process that a test starts compiles the proxy's sources: half of its start.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled');
  // In watch mode the sources may have changed.
  project.onTestsRerun(() => rmSync(join(folder, PACKAGE), { recursive: true, force: true }));
}

export function teardown(): void {
  const remove = () => rmSync(folder, { recursive: true, force: true });
  remove();
  // Workers that end after this still write what they compiled.
  process.once('exit', remove);
}
