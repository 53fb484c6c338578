import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AWS_ENV, type Lab, ROOT } from '../lab.ts';
import { CORE, runPinned, startPinned } from '../processes.ts';
import { median } from '../statistics.ts';

const MAIN = join(ROOT, 'dist/main.js');
const TURNS = 15;

/** Wall time of Node doing nothing: no command can be faster. */
export const wallOfNothing = () => wall(['-e', '0']);

export const wallOfHelp = () => wall([MAIN, 're-encrypt', '--help']);

/** Help's time over that of Node doing nothing; each turn measures both. */
export async function helpOverNothing(): Promise<number> {
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const help = await once([MAIN, 're-encrypt', '--help']);
    ratios.push(help / (await once(['-e', '0'])));
  }
  return median(ratios);
}

/** One call by the command, process and all, to a proxy on the other core. */
export async function wallOfOneCall(lab: Lab): Promise<number> {
  const file = join(lab.folder, 'command.yaml');
  const config = {
    grpc: { listen: '127.0.0.1:0' },
    probe: { listen: '127.0.0.1:0' },
    kms: { backend: 'aws', aws: { endpoint: lab.kms.url } },
    policy: { source: await lab.bundle(10) },
    audit: { file: join(lab.folder, 'command', 'audit.jsonl') },
  };
  writeFileSync(file, JSON.stringify(config));
  const proxy = await startPinned(
    {
      core: CORE.around,
      command: process.execPath,
      args: [MAIN, 'serve', '--config', file],
      env: AWS_ENV,
      cwd: ROOT,
    },
    /gRPC on (\S+?),? /,
  );
  try {
    return await wall([
      ...[MAIN, 're-encrypt', '--endpoint-url', proxy.match[1] ?? ''],
      ...['--ciphertext-blob', Buffer.from('ciphertext').toString('base64')],
      ...['--source-key-id', 'alias/demo-source', '--source-encryption-context', 'tenant=acme'],
      ...['--destination-key-id', 'alias/demo-destination'],
      ...['--destination-encryption-context', 'tenant=acme'],
    ]);
  } finally {
    await proxy.stop();
  }
}

/** Milliseconds of wall time; the median of some runs. */
async function wall(args: readonly string[]): Promise<number> {
  const took: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) took.push(await once(args));
  return median(took);
}

async function once(args: readonly string[]): Promise<number> {
  const began = performance.now();
  await runPinned({ core: CORE.server, command: process.execPath, args, cwd: ROOT });
  return performance.now() - began;
}
