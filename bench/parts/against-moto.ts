import { Agent, request } from 'node:http';
import { freePort } from '../../test/interop/helpers/ports.ts';
import { ROOT } from '../lab.ts';
import { CORE, type Running, startPinned } from '../processes.ts';
import { MAIN } from '../proxy.ts';
import { median } from '../statistics.ts';

const IN_FLIGHT = 8;
const ROUNDS = 3;
const SECONDS = 1.5;

/** ReEncrypts per second of embedded-kms over those of moto's server, taking turns on one core. */
export async function embeddedOverMoto(): Promise<number> {
  const embeddedPort = await freePort();
  const motoPort = await freePort();
  const servers = [
    await startEmbedded(embeddedPort),
    await startPinned(start('moto_server', ['-H', '127.0.0.1', '-p', `${motoPort}`]), /Running on/),
  ];
  try {
    const embedded = await reEncryptions(embeddedPort);
    const moto = await reEncryptions(motoPort);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const rate = await perSecond(embedded);
      ratios.push(rate / (await perSecond(moto)));
    }
    return median(ratios);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function startEmbedded(port: number): Promise<Running> {
  const args = [MAIN, 'embedded-kms', '--listen', `127.0.0.1:${port}`];
  return startPinned(start(process.execPath, args), /embedded KMS on/);
}

const start = (command: string, args: readonly string[]) => ({
  core: CORE.server,
  command,
  args,
  cwd: ROOT,
});

/** Makes two keys and a ciphertext; returns a function that re-encrypts it once. */
async function reEncryptions(port: number): Promise<() => Promise<unknown>> {
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const ask = asker(port, agent);
  const key = async () => (await ask('CreateKey', {}))['KeyMetadata'] as { KeyId: string };
  const [source, destination] = [await key(), await key()];
  const EncryptionContext = { tenant: 'acme', purpose: 'invoice-archive' };
  const Plaintext = Buffer.alloc(32).toString('base64');
  const made = await ask('Encrypt', { KeyId: source.KeyId, Plaintext, EncryptionContext });
  const body = {
    CiphertextBlob: made['CiphertextBlob'],
    SourceEncryptionContext: EncryptionContext,
    DestinationKeyId: destination.KeyId,
    DestinationEncryptionContext: EncryptionContext,
  };
  return () => ask('ReEncrypt', body);
}

async function perSecond(turn: () => Promise<unknown>): Promise<number> {
  let done = 0;
  const began = performance.now();
  const until = began + SECONDS * 1000;
  const lane = async () => {
    for (; performance.now() < until; done += 1) await turn();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return done / ((performance.now() - began) / 1000);
}

/** moto reads service and Region from the credential scope, so both servers get a fake signature. */
const HEADERS = {
  'content-type': 'application/x-amz-json-1.1',
  authorization:
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=00',
};

function asker(port: number, agent: Agent) {
  return (operation: string, body: object): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const headers = { ...HEADERS, 'x-amz-target': `TrentService.${operation}` };
      const sent = request({ port, host: '127.0.0.1', method: 'POST', agent, headers });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${operation}: ${response.statusCode} ${text}`));
        });
      });
      sent.end(JSON.stringify(body));
    });
}
