import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** Any folder of src/ may import these, and most of the files right in src/. */
const SHARED = ['addresses', 'caches', 'contract', 'files', 'gen', 'json'];

/**
 * What else they import: a stage never another stage. app/ and cli/, which put the parts together, import what
 * they like.
 */
const IMPORTS = {
  audit: ['life'],
  bulk: ['client'],
  // Only a permit makes a request to KMS.
  kms: ['aws-json', 'policy/permit.ts'],
  policy: ['life'],
  // The two doors hand calls to the spine.
  server: ['aws-json', 'pipeline.ts'],
};

/** The folders in which a package may be used, where that is not everywhere. */
const PACKAGES = {
  '@aws-sdk/': ['kms/aws'],
  '@grpc/': ['client', 'contract', 'gen', 'server'],
  '@open-policy-agent/': ['policy'],
  '@smithy/': ['kms/aws'],
};

interface Import {
  readonly file: string;
  /** A path below src/, or a package. */
  readonly what: string;
  readonly local: boolean;
}

const ROOT = resolve('src');

const IMPORTED: readonly Import[] = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')));

function importsOf(file: string, text: string): readonly Import[] {
  const named = text.matchAll(/\b(?:from|import)\s*\(?\s*'([^'\n]+)'/g);
  return [...named].map(([, name = '']) => {
    const local = name.startsWith('.');
    const what = local ? relative(ROOT, resolve(ROOT, dirname(file), name)) : name;
    return { file, what, local };
  });
}

const folderOf = (file: string): string => file.split('/')[0] ?? '';

/** Those of which not every folder may import one. */
const SPINE = ['app.ts', 'main.ts', 'pipeline.ts'];

function targetOf(path: string): string | undefined {
  if (path === 'policy/permit.ts' || SPINE.includes(path)) return path;
  return path.includes('/') ? folderOf(path) : undefined;
}

function importedBy(folder: string): readonly string[] {
  const targets = IMPORTED.filter(({ file, local }) => local && file.startsWith(`${folder}/`))
    .map(({ what }) => targetOf(what))
    .filter((target) => target !== undefined)
    .filter((target) => folderOf(target) !== folder && !SHARED.includes(target));
  return [...new Set(targets)].sort();
}

test('a folder of src/ imports only what all do, and what the table says', () => {
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['app', 'cli'].includes(entry.name))
    .map(({ name }) => [name, importedBy(name)] as const);
  const more = folders.filter(([, targets]) => targets.length > 0);
  expect(Object.fromEntries(more)).toEqual(IMPORTS);
});

test.each(Object.entries(PACKAGES))('%s… is used only where it belongs', (name, folders) => {
  const users = IMPORTED.filter(({ what }) => what.startsWith(name)).map(({ file }) => file);
  const strangers = users.filter((file) => !folders.some((own) => file.startsWith(`${own}/`)));
  expect(users.length).toBeGreaterThan(0);
  expect(strangers).toEqual([]);
});
