/**
 * Builds the package into `dist`, or the folder that is named: the commands with all that they import
 * in one piece each, because finding and compiling 700 modules was half of a start and two thirds of
 * the heap; the client for Node users as modules that share their grpc-js; types; licences.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { buildCommands, failOnWarning, inRoot, LEGIBLE, MODULES, ROOT } from './build-commands.ts';
import { licences } from './licences.ts';

const [dist = join(ROOT, 'dist')] = process.argv.slice(2);

const CLIENT = {
  client: 'src/client/create-client.ts',
  'refused-error': 'src/client/refused-error.ts',
};

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
    dir: dist,
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

rmSync(dist, { recursive: true, force: true });
const modules = await buildCommands(dist);
await buildClient();
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences(MODULES, modules));
