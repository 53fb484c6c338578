import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

/**
 * What each folder of src/ imports from others: a stage never from another stage. A new folder needs a line
 * here. app/ and cli/, which put the parts together, import what they like.
 */
const IMPORTS = {
  audit: ['caches', 'files', 'json', 'life'],
  'aws-json': ['json'],
  bulk: ['client', 'files', 'gen', 'json'],
  caches: [],
  client: ['gen'],
  config: ['files', 'json'],
  files: [],
  gen: [],
  identity: ['caches', 'files', 'json'],
  json: [],
  keys: ['caches'],
  // Only a permit makes a request to KMS.
  kms: ['aws-json', 'caches', 'files', 'json', 'policy/permit.ts'],
  life: [],
  limits: ['caches'],
  metrics: [],
  policy: ['caches', 'files', 'json', 'life'],
  // The two doors hand calls to the spine.
  server: ['aws-json', 'files', 'gen', 'pipeline.ts'],
};

/** The folders in which a package may be used, where that is not everywhere. */
const PACKAGES = {
  '@aws-sdk/': ['kms/aws'],
  '@grpc/': ['client', 'gen', 'server'],
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
    .filter((target) => target !== undefined && folderOf(target) !== folder);
  return [...new Set(targets)].map(String).sort();
}

test('a folder of src/ imports only what the table says', () => {
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['app', 'cli'].includes(entry.name))
    .map(({ name }) => name);
  expect(Object.fromEntries(folders.map((name) => [name, importedBy(name)]))).toEqual(IMPORTS);
});

test.each(Object.entries(PACKAGES))('%s… is used only where it belongs', (name, folders) => {
  const users = IMPORTED.filter(({ what }) => what.startsWith(name)).map(({ file }) => file);
  const strangers = users.filter((file) => !folders.some((own) => file.startsWith(`${own}/`)));
  expect(users.length).toBeGreaterThan(0);
  expect(strangers).toEqual([]);
});
