import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReEncryptRequest } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import { loadService } from '../../src/server/service.ts';
import { startChild } from './helpers/child.ts';
import { DEMO_CONTEXT } from './helpers/demo.ts';
import { decryptAt, encryptAt } from './helpers/demo-ciphertext.ts';
import { freePort } from './helpers/ports.ts';
import { startProxy } from './helpers/proxy.ts';
import { startThreeDoors, type ThreeDoors } from './helpers/three-doors.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
/** Keeps compiler output between runs, so that the second build is quick. */
const CACHE = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'kms-reencrypt-proxy',
  'examples',
);
/** CMake records the path of its sources, so a build belongs to one checkout. */
const BUILD = join(EXAMPLES, '../.work/examples/cpp');
const PLAINTEXT = readFileSync('LICENSE').subarray(0, 4096);

interface Language {
  readonly name: string;
  readonly tools: readonly string[];
  readonly build: { readonly args: readonly string[]; readonly env: Record<string, string> };
  /** The program and its first arguments. */
  readonly run: readonly [string, ...string[]];
}

const program = (name: string) => join(CACHE, name, 'example');

const LANGUAGES: readonly Language[] = [
  {
    name: 'go',
    tools: ['go', 'protoc'],
    build: { args: [program('go')], env: {} },
    run: [program('go')],
  },
  {
    name: 'python',
    tools: ['python3'],
    build: { args: [], env: {} },
    run: ['python3', join(EXAMPLES, 'python/example.py')],
  },
  {
    name: 'java',
    tools: ['java', 'mvn'],
    build: { args: [], env: {} },
    run: ['java', '-jar', join(EXAMPLES, 'java/target/example.jar')],
  },
  {
    name: 'rust',
    tools: ['cargo', 'protoc'],
    build: {
      args: [program('rust')],
      env: { CARGO_TARGET_DIR: join(CACHE, 'rust', 'target') },
    },
    run: [program('rust')],
  },
  {
    name: 'cpp',
    tools: ['cmake', 'g++', 'protoc', 'grpc_cpp_plugin'],
    build: { args: [program('cpp')], env: { BUILD_DIR: BUILD } },
    run: [program('cpp')],
  },
];

let doors: ThreeDoors;
let ciphertext: string;
beforeAll(async () => {
  doors = await startThreeDoors();
  ciphertext = join(doors.proxy.folder, 'ciphertext');
  const made = { keyId: 'alias/demo-source', plaintext: PLAINTEXT, context: DEMO_CONTEXT };
  writeFileSync(ciphertext, await encryptAt(doors.proxy.kmsJson, made));
});
afterAll(async () => {
  await doors.proxy.stop();
});

for (const language of LANGUAGES) {
  describeWith(language.tools, `the ${language.name} client`, () => {
    beforeAll(() => {
      mkdirSync(join(CACHE, language.name), { recursive: true });
      const { args, env } = language.build;
      runTool(join(EXAMPLES, language.name, 'build.sh'), args, { env, timeoutMs: 600_000 });
    }, 600_000);

    async function run(
      target: string,
      env: Readonly<Record<string, string>> = {},
      result = join(doors.proxy.folder, 'result'),
    ) {
      rmSync(result, { force: true });
      const [command, ...args] = language.run;
      const child = startChild(command, [...args, ciphertext, result], {
        env: {
          PROXY_TARGET: target,
          SERVICE_CONFIG: join(EXAMPLES, 'service-config.json'),
          TIMEOUT_MS: '20000',
          ...env,
        },
      });
      const code = await child.ended();
      return { code, said: child.output(), result };
    }

    describe.each(['tcp', 'uds', 'mtls'] as const)('over %s', (door) => {
      it('re-encrypts, and KMS decrypts the result to the same plaintext', async () => {
        const tls: Record<string, string> = door === 'mtls' ? { PROXY_TLS: doors.tls } : {};
        const { code, said, result } = await run(doors[door], tls);
        expect(said).toMatch(/^released under arn:aws:kms:\S+ decision_id [0-9a-f-]{36}$/m);
        expect(code).toBe(0);
        const fresh = { ciphertext: readFileSync(result), context: DEMO_CONTEXT };
        expect(await decryptAt(doors.proxy.kmsJson, fresh)).toEqual(PLAINTEXT);
      });
    });

    it('goes to the proxy itself, whatever http_proxy names', async () => {
      const nowhere = `http://127.0.0.1:${await freePort()}`;
      const { code, said } = await run(doors.tcp, { http_proxy: nowhere, https_proxy: nowhere });
      expect(said).toMatch(/^released under /m);
      expect(code).toBe(0);
    });

    it('reports a denial in one sentence: layer, side, rule and decision', async () => {
      const { code, said, result } = await run(doors.tcp, { DESTINATION_TENANT: 'globex' });
      expect(said).toMatch(
        /^re-encrypt: .+ \[code=\S+ reason=POLICY_DENIED layer=policy side=\w* /,
      );
      expect(said).toMatch(/ rule=demo decision_id=[0-9a-f-]{36}\]$/m);
      expect(code).toBe(77);
      expect(existsSync(result)).toBe(false);
    });

    it('reports no release if the result cannot be written', async () => {
      const { code, said } = await run(doors.tcp, {}, join(doors.proxy.folder, 'none/result'));
      expect(said).not.toContain('released under');
      expect(code).not.toBe(0);
    });

    it('takes no deadline that is not a number', async () => {
      const { code, said } = await run(doors.tcp, { TIMEOUT_MS: 'soon' });
      expect(said).not.toContain('released under');
      expect(code).not.toBe(0);
    });

    it('reports a deadline that was too short', async () => {
      expect((await run(doors.tcp, { TIMEOUT_MS: '0' })).code).toBe(124);
    });

    it('reports a missing proxy', async () => {
      const { code, said } = await run(`127.0.0.1:${await freePort()}`);
      expect(said).toMatch(/^re-encrypt: /m);
      expect(code).toBe(69);
    });

    it('writes no answer that has no ciphertext, nor trips over malformed details', async () => {
      const server = await startIll();
      try {
        const { code, said, result } = await run(server.target);
        expect(said).toMatch(/^re-encrypt: the answer has no ciphertext$/m);
        expect(code).toBe(70);
        expect(existsSync(result)).toBe(false);
        const denied = await run(server.target, { SOURCE_KEY_ID: 'deny' });
        expect(denied.said).toMatch(/^re-encrypt: no\b.*\[code=/m);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
        expect(denied.said, 'nothing that a terminal obeys').not.toMatch(/[\u001b\u0080-\u009f]/);
        expect(denied.code).toBe(77);
      } finally {
        server.stop();
      }
    });

    it('sends again what a connection that went away had not read', async () => {
      const aged = await startAged(Number(doors.tcp.split(':')[1]));
      try {
        const { code, said } = await run(aged.target);
        expect(said, `${aged.connections()} connections`).toMatch(/^released under /m);
        expect(code).toBe(0);
        expect(aged.connections()).toBe(2);
      } finally {
        aged.stop();
      }
    });

    it('reports a certificate mismatch', async () => {
      const { code, said } = await run(doors.mtls, { PROXY_TLS: doors.strangeTls });
      expect(said).toMatch(/^re-encrypt: /m);
      expect(code).toBe(76);
    });

    it('reports a full proxy, and does not retry', async () => {
      const full = await startProxy({
        settings: ['limits.all.per_second=0.001', 'limits.all.burst=1'],
      });
      try {
        await run(full.grpc);
        const before = await started(full.probe);
        const { code, said } = await run(full.grpc);
        expect(said).toMatch(/reason=LIMITED/);
        expect(code).toBe(75);
        expect((await started(full.probe)) - before).toBe(1);
      } finally {
        await full.stop();
      }
    });

    it('retries UNAVAILABLE as often as the published service config says', async () => {
      const lame = await startProxy({
        settings: [
          'kms.backend=aws',
          'kms.aws.region=eu-west-1',
          `kms.aws.endpoint=http://127.0.0.1:${await freePort()}`,
        ],
        env: { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' },
      });
      try {
        const { code } = await run(lame.grpc);
        expect(code).toBe(69);
        expect(await started(lame.probe)).toBe(3);
      } finally {
        await lame.stop();
      }
    });
  });
}

/** A server that answers nothing, or refuses with details that are no Status. */
async function startIll() {
  const server = new Server();
  server.addService(loadService(), {
    ReEncrypt(call: ServerUnaryCall<ReEncryptRequest, unknown>, done: sendUnaryData<unknown>) {
      if (call.request.sourceKeyId !== 'deny') return done(null, {});
      const metadata = new Metadata();
      metadata.set('grpc-status-details-bin', Buffer.from('ffffffff', 'hex'));
      done({ code: status.PERMISSION_DENIED, details: 'no\u001b[2J\u009b2J', metadata });
    },
  });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return { target: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/** SETTINGS, and a GOAWAY that says that no stream has been read. */
const GO_AWAY = Buffer.from(`000000040000000000000008070000000000${'00'.repeat(8)}`, 'hex');

/** The way to a proxy, whose first connection goes away as one that is too old, with the call that it got. */
async function startAged(port: number) {
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    client.on('error', () => {});
    if (connections === 1) return void client.once('data', () => client.end(GO_AWAY));
    const proxy = connect(port, '127.0.0.1');
    pipeline(client, proxy, client, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return {
    target: `127.0.0.1:${own}`,
    connections: () => connections,
    stop: () => server.close(),
  };
}

/** How many ReEncrypt calls a proxy has begun. */
async function started(probe: string): Promise<number> {
  const text = await (await fetch(`${probe}/metrics`)).text();
  const [, count] = /^grpc_server_started_total\{.*"ReEncrypt"\} (\d+)$/m.exec(text) ?? [];
  return Number(count);
}
