import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/**
 * One folder for all the temporary folders of a run, gone after it. It holds what tests make, what the
 * processes make that they start, and what is left behind where a test fails or a process is killed; so
 * a test need not clear up after itself, unless what it has is large.
 */
let folder: string;

export function setup(): void {
  // Short, because paths of Unix sockets end at 107 bytes.
  folder = mkdtempSync(join(tmpdir(), 'krp-'));
  // As the system's own is: some tests run a process as somebody else.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  // The proxy's sources are read anew by each process that a test starts: half of its start.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled');
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
