import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from '../../src/cli/audit/run.ts';
import { fill } from '../audit/fault-world.ts';
import { createFolder, openAudit } from '../audit/world.ts';
import { createTerminal } from '../cli/audit/terminal.ts';
import { describeWith } from './helpers/tools.ts';

const VERIFIER = fileURLToPath(new URL('go/audit', import.meta.url));

describeWith(['go'], 'Go’s sumdb/note and tlog', () => {
  it('verify every checkpoint, the consistency of each pair, an inclusion proof, and refuse a changed size', async () => {
    await using folder = createFolder();
    const notes: string[] = [];
    const audit = await openAudit(folder.file, {
      checkpointEntries: 50,
      onCheckpoint: (note) => notes.push(note),
    });
    await fill(audit, 140);
    await audit.close();
    const files = notes.map((note, index) => {
      const path = join(folder.path, `checkpoint-${index}`);
      writeFileSync(path, note);
      return path;
    });
    const [first = ''] = files;
    const last = files.at(-1) ?? '';
    const own = async (...args: string[]) => {
      const terminal = createTerminal();
      expect(await run(args, terminal), terminal.errors()).toBe(0);
      return terminal.output();
    };
    const path = (name: string) => join(folder.path, name);
    const entry = path('entry');
    writeFileSync(path('proof'), await own('prove', '77', folder.file, '--entry', entry));
    writeFileSync(path('consistency'), await own('consistency', first, last, '--log', folder.file));
    const { vkey } = JSON.parse(readFileSync(folder.file, 'utf8').split('\n')[0] ?? '').segment;
    const args = [vkey, folder.file, path('proof'), entry, path('consistency'), ...files];
    const said = execFileSync('go', ['run', '.', ...args], { cwd: VERIFIER, encoding: 'utf8' });
    expect(files.length).toBeGreaterThan(4);
    expect(said).toContain(`${files.length} checkpoints`);
    expect(said).toContain('inclusion of 77 and consistency verified');
  });
});
