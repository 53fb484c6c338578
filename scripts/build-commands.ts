/** The commands, each with all that it imports in one piece. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type OutputOptions, type Plugin, rolldown } from 'rolldown';

export const ROOT = join(import.meta.dirname, '..');
export const MODULES = join(ROOT, 'node_modules');

const COMMANDS = {
  main: 'src/main.ts',
  'audit-thread': 'src/audit/thread.ts',
  'sinks-thread': 'src/audit/sinks/thread.ts',
  'proof-thread': 'src/policy/prove/thread.ts',
  'shadow-thread': 'src/policy/shadow/thread.ts',
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
export const LEGIBLE: OutputOptions = {
  sourcemap: true,
  comments: false,
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
};

export const inRoot = (entries: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(ROOT, file)]));

/** CommonJS, for whatever imports `node:http` as an ES module makes Node load the whole of its `fetch`. */
export async function buildCommands(dist: string): Promise<readonly string[]> {
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
    dir: dist,
    format: 'cjs',
    dynamicImportInCjs: false,
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

export function failOnWarning(
  level: string,
  { message = '' }: { readonly message?: string },
): void {
  if (level === 'warn') throw new Error(message);
}
