import process from 'node:process';
import { type Child, startChild } from '../interop/helpers/child.ts';
import { builtProgram } from './built-program.ts';

/** `serve` as it ships, with these flags of Node's, on free ports and free to begin once more. Ready when it returns. */
export async function startBuilt(auditFile: string, ...flags: readonly string[]): Promise<Child> {
  const free = ['grpc.listen', 'kms_json.listen', 'probe.listen'].map((at) => `${at}=127.0.0.1:0`);
  const settings = [...free, `audit.file=${auditFile}`, 'life.lame_duck_ms=0'];
  const sets = settings.flatMap((setting) => ['--set', setting]);
  const args = [...flags, await builtProgram(), 'serve', '--config', 'config/demo.yaml', ...sets];
  const env = { MALLOC_ARENA_MAX: undefined, GLIBC_TUNABLES: undefined };
  const child = startChild(process.execPath, args, { env });
  await child.matches(/gRPC on/);
  return child;
}
