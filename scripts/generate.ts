/** Writes everything that is generated and committed; `--check` fails where it would change. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manPage } from '../src/cli/re-encrypt/help/man-page.ts';
import { dashboard } from './dashboard.ts';
import { metricsPage } from './metrics-page.ts';

const TYPES = 'src/gen';
const DESCRIPTORS = 'proto/services.binpb';

/** Single files, each with what writes it. */
const FILES: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/metrics.md': metricsPage,
  'deploy/grafana/kms-reencrypt-proxy.json': dashboard,
  'man/kms-reencrypt-proxy-re-encrypt.1': manPage,
};

function generateTypes(outDir: string): void {
  const flags = ['--longs=String', '--enums=String', '--defaults', '--oneofs'];
  execFileSync('proto-loader-gen-types', [
    ...flags,
    '--importFileExtension=.ts',
    '--grpcLib=@grpc/grpc-js',
    `--outDir=${outDir}`,
    'kms/reencrypt/v1/reencrypt.proto',
    'grpc/health/v1/health.proto',
    '-I',
    'proto',
  ]);
}

/** What server reflection serves: every file with its comments, as buf compiles it. */
function generateDescriptors(file: string): void {
  execFileSync('buf', ['build', 'proto', '--as-file-descriptor-set', '-o', file]);
}

function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const read = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .map((path): [string, string] => [path.slice(folder.length), readFileSync(path, 'utf8')]);
  return new Map(read.sort());
}

function drifted(fresh: string, committed: string): string[] {
  const [want, have] = [contents(fresh), contents(committed)];
  return [...new Set([...want.keys(), ...have.keys()])].filter((f) => want.get(f) !== have.get(f));
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const written = new Map<string, string>();
for (const [path, write] of Object.entries(FILES)) written.set(path, await write());

if (process.argv.includes('--check')) {
  const fresh = mkdtempSync(join(tmpdir(), 'generated-'));
  const types = join(fresh, 'types');
  const descriptors = join(fresh, 'services.binpb');
  generateTypes(types);
  generateDescriptors(descriptors);
  const files = [
    ...drifted(types, TYPES),
    ...(readFileSync(descriptors).equals(readFileSync(DESCRIPTORS)) ? [] : [DESCRIPTORS]),
    ...[...written].filter(([path, text]) => read(path) !== text).map(([path]) => path),
  ];
  rmSync(fresh, { recursive: true });
  if (files.length > 0) {
    process.stderr.write(`out of date, run npm run generate: ${files.join(', ')}\n`);
    process.exitCode = 1;
  }
} else {
  rmSync(TYPES, { recursive: true, force: true });
  generateTypes(TYPES);
  generateDescriptors(DESCRIPTORS);
  for (const [path, text] of written) writeFileSync(path, text);
}
