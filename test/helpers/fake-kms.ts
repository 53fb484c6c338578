import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../../src/json/exact.ts';

/** How the fake answers a request. Each waits `delayMs` first. */
export type Behaviour = { readonly delayMs?: number } & (
  | { readonly kind: 'answer'; readonly change?: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'error';
      readonly name: string;
      /** 400 unless set: real KMS answers 400 to every client error. */
      readonly status?: number;
      readonly message?: string;
    }
  /** The right answer in pieces of 8 bytes, `everyMs` apart. */
  | { readonly kind: 'slow_body'; readonly everyMs: number }
  /** So many blanks, each in a chunk of its own. */
  | { readonly kind: 'bytewise'; readonly bytes: number }
  /** The right answer, with the connection cut in the middle of its body. */
  | { readonly kind: 'cut_body' }
  /** TCP reset before any answer. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang' }
  /** Any status and body, such as an empty 200 or the HTML of a load balancer. */
  | {
      readonly kind: 'raw';
      readonly status: number;
      readonly body: string;
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
);

/** One request as it arrived. */
export interface Captured {
  /** `ReEncrypt`, `DescribeKey`, … */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly bodyText: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FakeKms {
  readonly url: string;
  readonly port: number;
  /** Every request since the start or the last `forget`. */
  readonly requests: readonly Captured[];
  /** For the next request of the operation, or of any if none is given; queues up. */
  next(behaviour: Behaviour, operation?: string): void;
  /** For every request of the operation unless `next` queued one; undefined ends it. */
  always(behaviour: Behaviour | undefined, operation?: string): void;
  forget(): void;
  /** From now on an alias stands for the key with this id. */
  repoint(alias: string, keyId: string): void;
  /** Calls the watcher with every request before it is answered; undefined ends it. */
  watch(watcher: ((captured: Captured) => void) | undefined): void;
  /** Connections ever made: fewer than requests if they are kept alive. */
  connections(): number;
  close(): Promise<void>;
}

export const FAKE_REGION = 'eu-west-1';
const FAKE_ACCOUNT = '111122223333';
export const MATERIAL_ID = 'ab'.repeat(32);

/** Answers `{ kind: 'raw' }` as an empty 200, which the SDK takes for success. */
export const EMPTY_200: Behaviour = { kind: 'raw', status: 200, body: '' };
export const HTML_503 = {
  kind: 'raw',
  status: 503,
  body: '<html><body><h1>503 Service Unavailable</h1></body></html>',
  type: 'text/html',
} as const satisfies Behaviour;

/**
 * A KMS that speaks AWS JSON 1.1 and fails on demand. It has no secrets: every key and alias
 * exists, an alias stands for a key id made of its name, and a ciphertext is a hash of the request.
 */
export async function startFakeKms({ port = 0 }: { port?: number } = {}): Promise<FakeKms> {
  const requests: Captured[] = [];
  const queued: { behaviour: Behaviour; operation: string | undefined }[] = [];
  const standing = new Map<string | undefined, Behaviour>();
  const sockets = new Set<Socket>();
  const aliases = new Map<string, string>();
  let watcher: ((captured: Captured) => void) | undefined;
  let connections = 0;

  const server = createServer((request, response) => {
    void receive(request)
      .then(async (captured) => {
        requests.push(captured);
        watcher?.(captured);
        const body = pointed(captured.body, aliases);
        await act(behaviourFor(captured.operation), { ...captured, body }, response);
      })
      .catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;

  function behaviourFor(operation: string): Behaviour {
    const index = queued.findIndex((entry) => (entry.operation ?? operation) === operation);
    const [entry] = index < 0 ? [] : queued.splice(index, 1);
    return (
      entry?.behaviour ?? standing.get(operation) ?? standing.get(undefined) ?? { kind: 'answer' }
    );
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    next: (behaviour, operation) => queued.push({ behaviour, operation }),
    always(behaviour, operation) {
      if (behaviour === undefined) standing.delete(operation);
      else standing.set(operation, behaviour);
    },
    forget() {
      requests.length = 0;
      queued.length = 0;
      standing.clear();
    },
    repoint: (alias, keyId) => void aliases.set(alias, keyId),
    watch(next) {
      watcher = next;
    },
    connections: () => connections,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The ARN that the fake gives for a key id in any form. */
export function fakeKeyArn(keyId: string): string {
  if (keyId.startsWith('arn:') && keyId.includes(':key/')) return keyId;
  const name = keyId.includes('alias/') ? uuidOf(keyId.slice(keyId.indexOf('alias/'))) : keyId;
  return `arn:aws:kms:${FAKE_REGION}:${FAKE_ACCOUNT}:key/${name}`;
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

async function receive(request: IncomingMessage): Promise<Captured> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bodyText = Buffer.concat(chunks).toString('utf8');
  return {
    operation: String(request.headers['x-amz-target'] ?? '').replace(/^TrentService\./, ''),
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    bodyText,
    body: parseJson(bodyText || '{}') as Record<string, unknown>,
  };
}

/** The request with key ids in place of repointed aliases. */
function pointed(body: Captured['body'], aliases: ReadonlyMap<string, string>): Captured['body'] {
  const entries = Object.entries(body).map(([name, value]) => [
    name,
    name.endsWith('KeyId') ? (aliases.get(String(value)) ?? value) : value,
  ]);
  return Object.fromEntries(entries);
}

async function act(behaviour: Behaviour, captured: Captured, response: ServerResponse) {
  if (behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
  response.setHeader('x-amzn-requestid', '7a1f0000-0000-4000-8000-00000000f00d');
  switch (behaviour.kind) {
    case 'answer':
      return answer(captured, response, behaviour.change ?? {});
    case 'error':
      return fail(response, behaviour.name, behaviour.status ?? 400, behaviour.message ?? '');
    case 'raw':
      response.writeHead(behaviour.status, {
        'content-type': behaviour.type ?? 'application/x-amz-json-1.1',
        ...behaviour.headers,
      });
      response.end(behaviour.body);
      return;
    case 'slow_body': {
      const text = JSON.stringify(answerTo(captured));
      head(response, 200, text);
      for (let at = 0; at < text.length; at += 8) {
        response.write(text.slice(at, at + 8));
        await sleep(behaviour.everyMs);
      }
      response.end();
      return;
    }
    case 'bytewise':
      response.writeHead(200);
      response.flushHeaders();
      response.socket?.write('1\r\n \r\n'.repeat(behaviour.bytes));
      return;
    case 'cut_body': {
      const text = JSON.stringify(answerTo(captured));
      head(response, 200, text);
      response.write(text.slice(0, text.length / 2));
      await sleep(20);
      response.destroy();
      return;
    }
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
  }
}

function answer(
  captured: Captured,
  response: ServerResponse,
  change: Readonly<Record<string, unknown>>,
) {
  if (captured.body['DryRun'] === true) {
    const message = 'The request would have succeeded, but the DryRun option is set.';
    return fail(response, 'DryRunOperationException', 400, message);
  }
  const text = JSON.stringify({ ...answerTo(captured), ...change });
  head(response, 200, text);
  response.end(text);
}

function fail(response: ServerResponse, name: string, status: number, message: string) {
  const text = JSON.stringify({ __type: name, message });
  head(response, status, text);
  response.end(text);
}

function head(response: ServerResponse, status: number, text: string) {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
  });
}

function answerTo({ operation, body, bodyText }: Captured): Record<string, unknown> {
  const keyArn = fakeKeyArn(String(body['KeyId'] ?? ''));
  switch (operation) {
    case 'ReEncrypt':
      return {
        CiphertextBlob: createHash('sha512').update(bodyText).digest('base64'),
        SourceKeyId: fakeKeyArn(String(body['SourceKeyId'] ?? 'alias/unnamed-source')),
        KeyId: fakeKeyArn(String(body['DestinationKeyId'])),
        SourceEncryptionAlgorithm: body['SourceEncryptionAlgorithm'] ?? 'SYMMETRIC_DEFAULT',
        DestinationEncryptionAlgorithm:
          body['DestinationEncryptionAlgorithm'] ?? 'SYMMETRIC_DEFAULT',
        SourceKeyMaterialId: MATERIAL_ID,
        DestinationKeyMaterialId: MATERIAL_ID,
      };
    case 'DescribeKey':
      return {
        KeyMetadata: {
          AWSAccountId: FAKE_ACCOUNT,
          Arn: keyArn,
          KeyId: keyArn.slice(keyArn.indexOf('key/') + 4),
          KeySpec: 'SYMMETRIC_DEFAULT',
          KeyUsage: 'ENCRYPT_DECRYPT',
          KeyState: 'Enabled',
          KeyManager: 'CUSTOMER',
          Origin: 'AWS_KMS',
          CreationDate: 1_735_689_600,
          MultiRegion: false,
        },
      };
    case 'ListAliases':
      return { Aliases: [{ AliasName: 'alias/fake', TargetKeyId: keyArn }], Truncated: false };
    case 'ListResourceTags':
      return { Tags: [{ TagKey: 'team', TagValue: 'payments' }], Truncated: false };
    default:
      return {};
  }
}
