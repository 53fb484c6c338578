import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../src/config/load.ts';
import { REASONS } from '../src/errors.ts';

const README = readFileSync('README.md', 'utf8');

/** Rows of the table under a heading, cells with their code marks. */
function rows(heading: string): string[][] {
  const section = README.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codes = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe('the README', () => {
  test('lists every reason with its status and its layer', () => {
    const listed = rows('Errors').flatMap(([reasons, grpc = '', layer]) =>
      codes(reasons).map((reason) => [reason, codes(grpc)[0] ?? reason, layer]),
    );
    const real = Object.entries(REASONS).map(([reason, facts]) => [
      reason,
      facts.grpc,
      facts.layer,
    ]);
    expect(listed.sort()).toEqual(real.sort());
  });

  test('lists settings that exist, with their defaults', () => {
    const settings = ['kms.backend=embedded', 'policy.source=x', 'audit.file=x'];
    const config = loadConfig({ file: undefined, settings, env: {} });
    for (const [names, , fallback = ''] of rows('Configuration')) {
      for (const name of codes(names)) {
        const value = valueAt(config, name);
        const [written] = codes(fallback);
        if (written !== undefined) expect([name, String(value)]).toEqual([name, written]);
        else expect([name, isKnown(name)]).toEqual([name, true]);
      }
    }
  });
});

test('CONTRIBUTING.md names files that are there', () => {
  const named = readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/`([a-z.]+\/[\w./-]+)`/g);
  const paths = [...named].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});

test.each(yamlBlocks('docs/policy.md'))(
  'docs/policy.md shows settings that go together: %s',
  (yaml) => {
    const folder = mkdtempSync(join(tmpdir(), 'readme-'));
    const file = join(folder, 'config.yaml');
    writeFileSync(file, yaml);
    const settings = ['kms.backend=aws', 'audit.file=x'];
    if (!yaml.startsWith('policy:')) settings.push('policy.source=x');
    expect(() => loadConfig({ file, settings, env: {} })).not.toThrow();
  },
);

function yamlBlocks(page: string): string[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms);
  return [...blocks].map(([, block = '']) => block);
}

function valueAt(config: object, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config);
}

/** A setting without a default: the schema says so by refusing only what does not exist. */
function isKnown(name: string): boolean {
  try {
    loadConfig({ file: undefined, settings: [`${name}=x`], env: {} });
    return true;
  } catch (error) {
    return !String(error).includes(`${name}: there is no such setting`);
  }
}
