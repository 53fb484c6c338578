import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createAuthority } from '../../helpers/certificates.ts';
import { freePort } from './ports.ts';
import { type RunningProxy, startProxy } from './proxy.ts';

/** A proxy reachable over TCP, over a Unix socket and with mutual TLS. */
export interface ThreeDoors {
  readonly proxy: RunningProxy;
  /** `127.0.0.1:port`, in clear. */
  readonly tcp: string;
  /** `unix:/path`. */
  readonly uds: string;
  /** `localhost:port`. */
  readonly mtls: string;
  /** Folder with ca.pem, cert.pem and key.pem that the proxy trusts. */
  readonly tls: string;
  /** The same, but with an authority that the proxy does not know, and that does not know the proxy's. */
  readonly strangeTls: string;
}

const CLIENT = 'spiffe://example.org/ns/payments/sa/rotator';
const ROOT = join(import.meta.dirname, '../../..');

export async function startThreeDoors(settings: readonly string[] = []): Promise<ThreeDoors> {
  const folder = mkdtempSync(join(tmpdir(), 'krp-doors-'));
  const [clear, secure] = [await freePort(), await freePort()];
  const ca = createAuthority();
  const tls = writeIdentity(join(folder, 'tls'), ca, ca);
  const strangeTls = writeIdentity(join(folder, 'strange'), createAuthority(), createAuthority());
  const socket = join(folder, 'proxy.sock');
  const server = writeIdentity(join(folder, 'server'), ca, ca);

  const config = join(folder, 'config.yaml');
  const door = {
    tls: {
      cert_file: join(server, 'cert.pem'),
      key_file: join(server, 'key.pem'),
      client_ca_file: join(server, 'ca.pem'),
    },
    listeners: [
      { listen: `127.0.0.1:${clear}`, plaintext: true },
      { listen: `unix:${socket}`, identity: 'payments' },
    ],
  };
  writeFileSync(
    config,
    stringify({
      grpc: door,
      kms: { backend: 'embedded', embedded: { seed: join(ROOT, 'config/demo-keys.yaml') } },
      policy: { source: writePolicy(join(folder, 'policy')) },
      audit: { file: join(folder, 'audit.jsonl') },
    }),
  );
  const proxy = await startProxy({
    config,
    settings: [`grpc.listen=127.0.0.1:${secure}`, ...settings],
  });
  return {
    proxy,
    tcp: `127.0.0.1:${clear}`,
    uds: `unix:${socket}`,
    mtls: `localhost:${secure}`,
    tls,
    strangeTls,
  };
}

type Authority = ReturnType<typeof createAuthority>;

function writeIdentity(folder: string, trusted: Authority, own: Authority): string {
  mkdirSync(folder);
  const { cert, key } = own.issue({ commonName: 'localhost', dns: ['localhost'], uris: [CLIENT] });
  for (const [name, text] of Object.entries({ ca: trusted.cert, cert, key })) {
    writeFileSync(join(folder, `${name}.pem`), text, { mode: 0o600 });
  }
  return folder;
}

/** The example policy, with the demo's rule for every caller. */
function writePolicy(folder: string): string {
  cpSync(join(ROOT, 'policies/example'), folder, { recursive: true });
  const rules = [
    {
      id: 'demo',
      source: { keys: ['alias/demo-source'] },
      destination: { keys: ['alias/demo-destination'] },
      context: { keep: ['tenant'] },
    },
  ];
  const principals = {
    anonymous: { kinds: ['anonymous'], rules },
    payments: { kinds: ['uds'], rules },
    [CLIENT]: { kinds: ['spiffe'], rules },
  };
  writeFileSync(join(folder, 'data.json'), JSON.stringify({ kms_reencrypt: { principals } }));
  return folder;
}
