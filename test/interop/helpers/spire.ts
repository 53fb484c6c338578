import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './ports.ts';
import { runTool } from './tools.ts';

/** A SPIRE server and its agent, with their own trust domain. */
export interface Spire {
  /** `unix:/path` of the Workload API. */
  readonly socket: string;
  /** Gives the workload that runs this program an identity. `ttlS`: how long each SVID lives. */
  register(workload: Workload): void;
  /** Federates with another trust domain, whose bundle (PEM) this is. Call it before `register`. */
  federate(trustDomain: string, bundle: string): void;
  /** The CAs of its own trust domain, in PEM. */
  bundle(): string;
  /** The SVID that the agent gives to its own command. Waits until the agent has it. */
  fetchSvid(): Promise<Svid>;
  stop(): Promise<void>;
}

interface Workload {
  readonly path: string;
  /** Its path as in /proc/PID/exe. */
  readonly program: string;
  readonly ttlS: number;
  readonly dns?: string;
  /** Trust domains whose bundles it gets too. */
  readonly federatesWith?: readonly string[];
}

/** PEM. */
export interface Svid {
  readonly cert: string;
  readonly key: string;
  readonly bundle: string;
}

export async function startSpire(trustDomain: string): Promise<Spire> {
  const folder = mkdtempSync(join(tmpdir(), 'spire-'));
  const port = await freePort();
  const [serverSocket, agentSocket] = [join(folder, 'server.sock'), join(folder, 'agent.sock')];
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const ask = (...args: string[]): string =>
    runTool('spire-server', [...args, '-socketPath', serverSocket]);

  const config = put('server.conf', serverConfig({ folder, trustDomain, port, serverSocket }));
  const server = startChild('spire-server', ['run', '-config', config]);
  await until(() => ask('healthcheck'), server);
  put('bundle.pem', ask('bundle', 'show'));
  const node = `spiffe://${trustDomain}/node`;
  const [, token = ''] = /Token: (\S+)/.exec(ask('token', 'generate', '-spiffeID', node)) ?? [];
  const agentAt = put('agent.conf', agentConfig({ folder, trustDomain, port, agentSocket }));
  const agent = startChild('spire-agent', ['run', '-config', agentAt, '-joinToken', token]);
  await until(() => runTool('spire-agent', ['healthcheck', '-socketPath', agentSocket]), agent);

  return {
    socket: `unix:${agentSocket}`,
    federate(other, bundle) {
      const path = put(`${other}.pem`, bundle);
      ask('bundle', 'set', '-id', `spiffe://${other}`, '-path', path);
    },
    bundle: () => ask('bundle', 'show'),
    register({ path, program, ttlS, dns, federatesWith = [] }) {
      const selector = ['-parentID', node, '-selector', `unix:path:${program}`];
      const names = ['-spiffeID', `spiffe://${trustDomain}/${path}`, ...(dns ? ['-dns', dns] : [])];
      const others = federatesWith.flatMap((other) => ['-federatesWith', `spiffe://${other}`]);
      ask('entry', 'create', ...selector, ...names, ...others, '-x509SVIDTTL', String(ttlS));
    },
    async fetchSvid() {
      const into = join(folder, 'svid');
      mkdirSync(into, { recursive: true });
      const fetch = ['api', 'fetch', 'x509', '-socketPath', agentSocket, '-write', into];
      await until(() => runTool('spire-agent', fetch), agent);
      const read = (name: string): string => readFileSync(join(into, name), 'utf8');
      return { cert: read('svid.0.pem'), key: read('svid.0.key'), bundle: read('bundle.0.pem') };
    },
    async stop() {
      await agent.stop();
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Asks again until there is an answer: starts and updates take a moment. */
async function until(ask: () => string, child: Child): Promise<void> {
  const late = Date.now() + 60_000;
  for (;;) {
    try {
      ask();
      return;
    } catch (error) {
      if (Date.now() > late) throw new Error(`${error}\n${child.output()}`);
      await sleep(250);
    }
  }
}

interface Place {
  readonly folder: string;
  readonly trustDomain: string;
  readonly port: number;
}

const serverConfig = (at: Place & { readonly serverSocket: string }): string => `
server {
  bind_address = "127.0.0.1"
  bind_port = "${at.port}"
  socket_path = "${at.serverSocket}"
  trust_domain = "${at.trustDomain}"
  data_dir = "${at.folder}/server"
}
plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "${at.folder}/server.sqlite3"
    }
  }
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
}
`;

/** Workloads are told apart by their program, because all run as one user here. */
const agentConfig = (at: Place & { readonly agentSocket: string }): string => `
agent {
  server_address = "127.0.0.1"
  server_port = "${at.port}"
  socket_path = "${at.agentSocket}"
  trust_domain = "${at.trustDomain}"
  trust_bundle_path = "${at.folder}/bundle.pem"
  data_dir = "${at.folder}/agent"
  experimental { sync_interval = "1s" }
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data { discover_workload_path = true } }
}
`;
