import { type Lab, ROOT } from '../lab.ts';
import { CORE, runPinned, startPinned } from '../processes.ts';
import { GRPC_ON, MAIN, proxyStart } from '../proxy.ts';
import { median } from '../statistics.ts';

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
  const start = await proxyStart(lab, 'command');
  const proxy = await startPinned({ ...start, core: CORE.around }, GRPC_ON);
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
