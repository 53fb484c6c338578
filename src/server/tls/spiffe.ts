import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { splitDer, toPem } from './der.ts';
import { checkPair, type TlsMaterial, type TlsPair } from './material.ts';

export interface SpiffeTlsOptions {
  /** `unix:/path`, as in SPIFFE_ENDPOINT_SOCKET. */
  readonly socket: string;
  readonly clientCertificates: TlsMaterial['clientCertificates'];
  /** How long the first certificate may take. */
  readonly firstMs: number;
  /** Milliseconds from a broken stream to the next one, at first; doubles up to thirty times as much. */
  readonly retryMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Told when there is no usable news; the last good certificate goes on. */
  readonly onAlarm: (error: Error) => void;
}

export interface SpiffeTls extends TlsMaterial {
  /** The proxy's own SPIFFE ID. */
  id(): string;
  /** Whose workloads its bundle vouches for: the proxy's own trust domain and no other. */
  trustDomain(): string;
  close(): void;
}

interface Svid {
  readonly id: string;
  readonly pair: TlsPair;
}

/** The part of workloadapi.proto that is used; the service has no package. */
const WIRE = `
  syntax = "proto3";
  message Response { repeated Svid svids = 1; }
  message Svid {
    string spiffe_id = 1;
    bytes x509_svid = 2;
    bytes x509_svid_key = 3;
    bytes bundle = 4;
  }
`;
const METHOD = '/SpiffeWorkloadAPI/FetchX509SVID';

/**
 * Certificate, key and CAs from the SPIFFE Workload API, which sends new ones before the old end.
 * https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md
 * @throws Error when there is no good certificate within `firstMs`
 */
export async function createSpiffeTls(options: SpiffeTlsOptions): Promise<SpiffeTls> {
  const { clientCertificates, now, onAlarm } = options;
  const listeners = new Set<(pair: TlsPair) => void>();
  const first = Promise.withResolvers<Svid>();
  let current: Svid | undefined;

  const feed = watchSvids(options, {
    svid(next) {
      checkPair(next.pair, now());
      current = next;
      first.resolve(next);
      for (const listener of listeners) listener(next.pair);
    },
    failure: (error) => onAlarm(error),
  });
  const timer = setTimeout(() => {
    first.reject(new Error(`the Workload API at ${options.socket} gave no certificate in time`));
  }, options.firstMs);
  try {
    current = await first.promise;
  } catch (error) {
    feed.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const latest = (): Svid => current ?? { id: '', pair: { cert: '', key: '' } };

  return {
    clientCertificates,
    current: () => latest().pair,
    onChange: (listener) => void listeners.add(listener),
    id: () => latest().id,
    trustDomain: () => latest().id.split('/')[2] ?? '',
    close: feed.close,
  };
}

interface Sink {
  /** Throws where it is not usable. */
  svid(svid: Svid): void;
  failure(error: Error): void;
}

/** Keeps a stream open, and opens another one when it breaks. */
function watchSvids({ socket, retryMs }: SpiffeTlsOptions, sink: Sink): { close(): void } {
  const client = new Client(socket, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.default_authority': 'localhost',
  });
  const response = protobuf.parse(WIRE).root.lookupType('Response');
  const decode = (bytes: Buffer): Svid => toSvid(response.toObject(response.decode(bytes)));
  let stream: ClientReadableStream<Buffer> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wait = retryMs;
  let closed = false;

  const take = (bytes: Buffer): void => {
    try {
      sink.svid(decode(bytes));
      wait = retryMs;
    } catch (thrown) {
      sink.failure(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  };
  const again = (): void => {
    if (closed) return;
    timer = setTimeout(open, wait);
    timer.unref();
    wait = Math.min(wait * 2, retryMs * 30);
  };
  const open = (): void => {
    const metadata = new Metadata();
    // Workloads that are tricked into a request by a URL cannot set it.
    metadata.set('workload.spiffe.io', 'true');
    const raw = (bytes: Buffer): Buffer => bytes;
    stream = client.makeServerStreamRequest(METHOD, raw, raw, Buffer.alloc(0), metadata);
    stream.on('data', take);
    stream.on('error', (error: Error) => {
      if (!closed) sink.failure(error);
    });
    // It comes once after the stream's end, be it good or bad.
    stream.on('status', again);
  };
  open();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      stream?.cancel();
      client.close();
    },
  };
}

/** The first SVID is the default one. @throws Error where a part of it is missing */
function toSvid(message: Record<string, unknown>): Svid {
  const [svid] = Array.isArray(message['svids']) ? message['svids'] : [];
  const { spiffeId, x509Svid, x509SvidKey, bundle } = svid ?? {};
  if (typeof spiffeId !== 'string' || !(x509SvidKey instanceof Uint8Array)) {
    throw new Error('the Workload API gave no identity to this process');
  }
  const pem = (der: unknown): string => {
    if (!(der instanceof Uint8Array)) throw new Error('the Workload API left a part out');
    return splitDer(der)
      .map((one) => toPem('CERTIFICATE', one))
      .join('');
  };
  const key = toPem('PRIVATE KEY', x509SvidKey);
  return { id: spiffeId, pair: { cert: pem(x509Svid), key, ca: pem(bundle) } };
}
