import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Audit } from '../../../src/audit/assemble.ts';
import { answered, intended } from '../../audit/samples.ts';
import { type Folder, openAudit } from '../../audit/world.ts';

const AT_ONCE = 2_000;

/** Records calls until the log has `bytes` bytes, and closes it; returns its size. */
export async function writeLargeLog({ path, file }: Folder, bytes: number): Promise<number> {
  const audit = await openAudit(file, { durability: 'write', commitTimeoutMs: 60_000 });
  for (let first = 0; bytesOf(path) < bytes; first += AT_ONCE) {
    const calls = Array.from({ length: AT_ONCE }, (_, index) => one(audit, first + index));
    await Promise.all(calls);
  }
  await audit.close();
  return bytesOf(path);
}

function bytesOf(folder: string): number {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return logs.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function one(audit: Audit, number: number): Promise<void> {
  await audit.intent(intended(number));
  await audit.terminal(answered(number));
}
