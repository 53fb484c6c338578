import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Client, credentials } from '@grpc/grpc-js';
import { loadContract } from './contract.ts';

export interface TargetFlags {
  readonly protocol: string;
  readonly target: string;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

interface Target {
  ask(): Promise<void>;
  close(): void;
}

/** The call that every server is asked; the Go load asks the same. */
const CIPHERTEXT = Buffer.alloc(184, Buffer.from([1, 2, 2, 0x78]));
const SOURCE = 'alias/demo-source';
const DESTINATION = 'alias/demo-destination';
const OLD = { tenant: 'acme', purpose: 'invoice-archive' };
const NEW = { tenant: 'acme', purpose: 'invoice-archive-2' };

export function openTarget(flags: TargetFlags): Target {
  return flags.protocol === 'json' ? openJson(flags.target) : openGrpc(flags);
}

function openGrpc({ target, ca, cert, key }: TargetFlags): Target {
  const { path, requestSerialize } = loadContract();
  const secure =
    ca && cert && key
      ? credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(cert))
      : credentials.createInsecure();
  const client = new Client(target, secure, { 'grpc.ssl_target_name_override': 'localhost' });
  const message = requestSerialize({
    ciphertextBlob: CIPHERTEXT,
    sourceKeyId: SOURCE,
    sourceEncryptionContext: OLD,
    destinationKeyId: DESTINATION,
    destinationEncryptionContext: NEW,
  });
  const same = (bytes: Buffer) => bytes;
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, same, same, message, (error, answer) => {
          if (error) reject(error);
          else if ((answer?.length ?? 0) < CIPHERTEXT.length) reject(new Error('no ciphertext'));
          else resolve();
        });
      }),
    close: () => client.close(),
  };
}

function openJson(url: string): Target {
  const agent = new Agent({ keepAlive: true });
  const body = JSON.stringify({
    CiphertextBlob: CIPHERTEXT.toString('base64'),
    SourceKeyId: SOURCE,
    SourceEncryptionContext: OLD,
    DestinationKeyId: DESTINATION,
    DestinationEncryptionContext: NEW,
  });
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(body),
    'x-amz-target': 'TrentService.ReEncrypt',
  };
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const asked = request(url, { method: 'POST', agent, headers }, (response) => {
          response.resume();
          response.on('end', () =>
            response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
          );
        });
        asked.on('error', reject);
        asked.end(body);
      }),
    close: () => agent.destroy(),
  };
}
