/**
 * Builds the package into `dist`, or the folder that is named: the commands with all that they import
 * in one piece each, because finding and compiling 700 modules was half of a start and two thirds of
 * the heap; the client for Node users as modules that share their grpc-js; types; licences.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { licences } from './licences.ts';

const ROOT = join(import.meta.dirname, '..');
const MODULES = join(ROOT, 'node_modules');
const [dist = join(ROOT, 'dist')] = process.argv.slice(2);

const COMMANDS = {
  main: 'src/main.ts',
  'audit-thread': 'src/audit/thread.ts',
  'sinks-thread': 'src/audit/sinks/thread.ts',
  'proof-thread': 'src/policy/prove/thread.ts',
  'shadow-thread': 'src/policy/shadow/thread.ts',
};

const CLIENT = {
  client: 'src/client/create-client.ts',
  'refused-error': 'src/client/refused-error.ts',
};

/** Files that packages read from beside themselves, and where they find them now. */
const READ_BESIDE = {
  'channelz.proto': '@grpc/grpc-js/proto/channelz.proto',
  'health/v1/health.proto': 'grpc-health-check/proto/health/v1/health.proto',
};

/** Modules that look beside themselves only for what the proxy does not use. */
const LOOK_IN_VAIN = [
  '@grpc/grpc-js/build/src/orca.js',
  'pino/lib/transport.js',
  'thread-stream/index.js',
];

const BESIDE = /`\$\{__dirname\}\/\.\.\/\.\.\/proto`/g;

/** @throws where a package has begun to look beside itself, which nobody has judged yet */
const beside: Plugin = {
  name: 'beside',
  transform(code, id) {
    if (!id.startsWith(MODULES) || !/\b__(dir|file)name\b/.test(code)) return;
    const name = relative(MODULES, id);
    if (LOOK_IN_VAIN.includes(name)) return;
    const moved = code.replaceAll(BESIDE, "__dirname + '/proto'");
    if (moved === code) throw new Error(`${name} looks beside itself`);
    return { code: moved, map: null };
  },
};

/**
 * Names and lines stay, so that a stack trace and the shipped code can be read; comments go, and with
 * them, and by escapes, whatever would have V8 keep the text at two bytes a character.
 */
const LEGIBLE: OutputOptions = {
  dir: dist,
  sourcemap: true,
  comments: false,
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
};

const inRoot = (entries: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(ROOT, file)]));

/** CommonJS, for an ES module that imports `node:http` makes Node load the whole of its `fetch`. */
async function buildCommands(): Promise<readonly string[]> {
  const bundle = await rolldown({
    input: inRoot(COMMANDS),
    cwd: ROOT,
    platform: 'node',
    // The AWS SDK's modules, of which what is not used can be left out.
    resolve: { mainFields: ['module', 'main'] },
    plugins: [beside],
    onLog: failOnWarning,
  });
  const { output } = await bundle.write({
    ...LEGIBLE,
    format: 'cjs',
    strict: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  for (const [to, from] of Object.entries(READ_BESIDE)) {
    mkdirSync(dirname(join(dist, 'proto', to)), { recursive: true });
    copyFileSync(join(MODULES, from), join(dist, 'proto', to));
  }
  return output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
}

/** Its users have grpc-js of their own, which must be the same one. */
async function buildClient(): Promise<void> {
  const bundle = await rolldown({
    input: inRoot(CLIENT),
    cwd: ROOT,
    platform: 'node',
    external: /^@grpc\//,
    onLog: failOnWarning,
  });
  await bundle.write({
    ...LEGIBLE,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  execFileSync(
    join(MODULES, '.bin/tsc'),
    ['-p', 'tsconfig.build.json', '--outDir', join(dist, 'types')],
    {
      cwd: ROOT,
      stdio: 'inherit',
    },
  );
  writeFileSync(join(dist, 'types/package.json'), '{ "type": "module" }\n');
}

function failOnWarning(level: string, { message = '' }: { readonly message?: string }): void {
  if (level === 'warn') throw new Error(message);
}

rmSync(dist, { recursive: true, force: true });
const modules = await buildCommands();
await buildClient();
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences(MODULES, modules));
