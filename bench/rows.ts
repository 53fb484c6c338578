import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../test/helpers/certificates.ts';
import { freePort } from '../test/interop/helpers/ports.ts';
import { AWS_ENV, type Lab, ROOT } from './lab.ts';
import { CORE, type Running, startPinned } from './processes.ts';
import { GRPC_ON, proxyStart } from './proxy.ts';

/** One server of the comparison. */
export interface Row {
  readonly id: string;
  readonly title: string;
  start(lab: Lab): Promise<Server>;
}

/** A server that runs, and the arguments with which the load finds it. */
export interface Server {
  readonly processes: readonly Running[];
  readonly target: readonly string[];
}

export const ROWS: readonly Row[] = [
  node({ id: 'echo', title: 'bare grpc-js echo', script: 'echo.ts' }),
  node({ id: 'bare_sdk', title: 'grpc-js → AWS SDK', script: 'bare-sdk.ts' }),
  peer({ id: 'go', title: 'Go: grpc-go → AWS SDK', policy: false }),
  peer({ id: 'go_opa', title: 'Go: the same + OPA + JSON audit line', policy: true }),
  proxy({ id: 'proxy', title: 'this proxy, everything on, fsync' }),
  proxy({ id: 'proxy_write', title: '… audit.durability: write', write: true }),
  proxy({ id: 'proxy_uds', title: '… over a Unix socket', door: 'uds' }),
  proxy({ id: 'proxy_mtls', title: '… with mutual TLS', door: 'mtls' }),
  proxy({ id: 'proxy_json', title: '… KMS JSON endpoint', door: 'json' }),
  proxy({ id: 'proxy_sdk', title: '… kms.aws.transport: sdk', transport: 'sdk' }),
  proxy({ id: 'proxy_10k', title: '… 10,000 rules', rules: 10_000 }),
];

function node(row: { id: string; title: string; script: string }): Row {
  return {
    ...row,
    async start({ kms }) {
      const args = [join(ROOT, 'bench/servers', row.script), kms.url];
      const start = { core: CORE.server, command: process.execPath, args, env: AWS_ENV, cwd: ROOT };
      const running = await startPinned(start, /listening on (\S+)/);
      return { processes: [running], target: ['-target', running.match[1] ?? ''] };
    },
  };
}

function peer(row: { id: string; title: string; policy: boolean }): Row {
  return {
    ...row,
    async start({ peer, kms, policy, folder }) {
      if ('missing' in peer) throw new Error(peer.missing);
      const judged = ['-policy', await policy(10), '-audit', join(folder, `${row.id}.jsonl`)];
      const args = ['-endpoint', kms.url, ...(row.policy ? judged : [])];
      const env = { ...AWS_ENV, GOMAXPROCS: '1' };
      const start = { core: CORE.server, command: peer.binary, args, env, cwd: ROOT };
      const running = await startPinned(start, /listening on (\S+)/);
      return { processes: [running], target: ['-target', running.match[1] ?? ''] };
    },
  };
}

interface ProxyRow {
  readonly id: string;
  readonly title: string;
  readonly write?: boolean;
  readonly door?: 'uds' | 'mtls' | 'json';
  readonly transport?: 'sdk';
  readonly rules?: number;
}

function proxy(row: ProxyRow): Row {
  return {
    ...row,
    async start(lab) {
      const door = await openDoor(row, lab);
      const start = await proxyStart(lab, row.id, await sectionsOf(row, lab, door));
      const running = await startPinned(start, GRPC_ON);
      return { processes: [running], target: door.target(running) };
    },
  };
}

const MANY = 1_000_000;
/** Quotas would limit the measurement, and refuse calls delayed by a stall of the machine. */
const NO_LIMITS = {
  all: { per_second: MANY, burst: MANY },
  per_principal: { max_in_flight: MANY },
  kms: { max_in_flight: MANY },
  max_in_flight: MANY,
};

async function sectionsOf(row: ProxyRow, lab: Lab, door: Door) {
  return {
    ...door.config,
    kms: {
      backend: 'aws',
      aws: { endpoint: lab.kms.url, ...(row.transport && { transport: row.transport }) },
    },
    policy: { source: await lab.bundle(row.rules ?? 10) },
    limits: NO_LIMITS,
    audit: {
      file: join(lab.folder, row.id, 'audit.jsonl'),
      durability: row.write ? 'write' : 'fsync',
    },
  };
}

interface Door {
  readonly config: object;
  target(running: Running & { readonly match: RegExpExecArray }): readonly string[];
}

async function openDoor({ id, door }: ProxyRow, { folder }: Lab): Promise<Door> {
  const grpc = { listen: '127.0.0.1:0' };
  switch (door) {
    case 'uds': {
      const listen = `unix:${join(folder, `${id}.sock`)}`;
      const listeners = [{ listen, identity: 'load' }];
      return { config: { grpc: { ...grpc, listeners } }, target: () => ['-target', listen] };
    }
    case 'mtls': {
      const { server, client } = makeCertificates(folder);
      return {
        config: { grpc: { ...grpc, tls: server } },
        target: ({ match }) => ['-target', match[1] ?? '', ...client],
      };
    }
    case 'json': {
      const listen = `127.0.0.1:${await freePort()}`;
      const target = ['-protocol', 'json', '-target', `http://${listen}`];
      const door = { listen, max_connections: MANY };
      return { config: { grpc, kms_json: door }, target: () => target };
    }
    default:
      return { config: { grpc }, target: ({ match }) => ['-target', match[1] ?? ''] };
  }
}

function makeCertificates(folder: string) {
  const authority = createAuthority();
  const server = authority.issue({ dns: ['localhost'], usage: 'server' });
  const client = authority.issue({ uris: ['spiffe://bench.example/load'], usage: 'client' });
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const ca = write('ca.pem', authority.cert);
  return {
    server: {
      cert_file: write('server.pem', server.cert),
      key_file: write('server.key', server.key),
      client_ca_file: ca,
    },
    client: [
      ...['-ca', ca],
      ...['-cert', write('client.pem', client.cert)],
      ...['-key', write('client.key', client.key)],
    ],
  };
}
