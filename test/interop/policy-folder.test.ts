import { cpSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ReloadEvent } from '../../src/policy/loading/loader.ts';
import type { DecisionPoint } from '../../src/policy/point.ts';
import { openPoint } from '../policy/open-point.ts';
import { resolved } from '../policy/values.ts';
import { describeWith, TOOLS_PATH } from './helpers/tools.ts';

let folder: string;
let point: DecisionPoint;
let events: ReloadEvent[];

beforeEach(async () => {
  vi.stubEnv('PATH', TOOLS_PATH);
  folder = mkdtempSync(join(tmpdir(), 'policy-folder-'));
  cpSync('policies/example', folder, { recursive: true });
  events = [];
  point = await openPoint({
    source: folder,
    bundle: { watchIntervalMs: 20 },
    onReload: (event) => events.push(event),
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await point.close();
});

/** Saves by a rename, as editors do. */
const save = (name: string, text: string) => {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), join(folder, name));
};
const edit = (name: string, change: (text: string) => string) =>
  save(name, change(readFileSync(join(folder, name), 'utf8')));
const decide = () => point.decide(resolved(), 'request');
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

describeWith(['opa'], 'a folder of Rego', () => {
  it('is compiled at start, and again when its data, a policy or its manifest changes', async () => {
    expect(await decide()).toMatchObject({ effect: 'allow', revision: 'example-2' });
    edit('data.json', (text) => text.replaceAll('alias/demo-source', 'alias/other'));
    await eventually(async () => expect(await decide()).toMatchObject({ effect: 'deny' }));
    edit('.manifest', (text) => text.replace('example-2', 'example-3'));
    await eventually(async () => expect(await decide()).toHaveProperty('revision', 'example-3'));
    save('more.rego', 'package more\n\nnothing := 1\n');
    await eventually(() => expect(point.status().activations).toBe(4));
    expect(events.map(({ outcome }) => outcome)).toEqual(Array(4).fill('activated'));
  });

  it('that an edit breaks keeps serving its last good state, says why, and recovers', async () => {
    const { digest } = point.status();
    save('broken.rego', 'package broken\n\nallow if {\n');
    await eventually(() => expect(point.status().failures).toBe(1));
    expect(point.status()).toMatchObject({ digest, stale: false });
    expect(events.at(-1)).toMatchObject({ outcome: 'refused', revision: 'example-2' });
    expect(point.status().error).toMatch(/^opa cannot build .*broken\.rego:4: rego_parse_error/s);
    expect(await decide()).toMatchObject({ effect: 'allow', revision: 'example-2' });
    save('broken.rego', 'package broken\n\nallow if true\n');
    await eventually(() => expect(point.status()).toMatchObject({ activations: 2, error: '' }));
  });
});
