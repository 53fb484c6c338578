import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AWS_ENV, type Lab, ROOT } from './lab.ts';
import { CORE, type Start } from './processes.ts';

/** The command as users run it. */
export const MAIN = join(ROOT, 'dist/main.js');

/** Says where the proxy listens for gRPC, in its first group. */
export const GRPC_ON = /gRPC on (\S+?),? /;

/** Writes the configuration of a proxy before the lab's KMS, which `sections` replace parts of. */
export async function proxyStart(lab: Lab, name: string, sections: object = {}): Promise<Start> {
  const file = join(lab.folder, `${name}.yaml`);
  const config = {
    grpc: { listen: '127.0.0.1:0' },
    probe: { listen: '127.0.0.1:0' },
    kms: { backend: 'aws', aws: { endpoint: lab.kms.url } },
    policy: { source: await lab.bundle(10) },
    audit: { file: join(lab.folder, name, 'audit.jsonl') },
    ...sections,
  };
  writeFileSync(file, JSON.stringify(config));
  const args = [MAIN, 'serve', '--config', file];
  return { core: CORE.server, command: process.execPath, args, env: AWS_ENV, cwd: ROOT };
}
