import { type CallOptions as GrpcCallOptions, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { HealthCheckResponse__Output } from '../gen/grpc/health/v1/HealthCheckResponse.ts';
import type { BatchReEncryptItem } from '../gen/kms/reencrypt/v1/BatchReEncryptItem.ts';
import type { BatchReEncryptResponse__Output } from '../gen/kms/reencrypt/v1/BatchReEncryptResponse.ts';
import type { CheckReEncryptRequest } from '../gen/kms/reencrypt/v1/CheckReEncryptRequest.ts';
import type { CheckReEncryptResponse__Output } from '../gen/kms/reencrypt/v1/CheckReEncryptResponse.ts';
import type { ReEncryptRequest } from '../gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptResponse__Output } from '../gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import type { StreamReEncryptRequest } from '../gen/kms/reencrypt/v1/StreamReEncryptRequest.ts';
import { CHANNEL_OPTIONS, channelCredentials, filesOf, type TlsOptions } from './channel.ts';
import { loadHealthTypes, loadReEncryptTypes } from './contract.ts';
import { type ItemResult, requireCiphertext, toItemResult } from './item-result.ts';
import { createRenewed } from './renewed.ts';
import { fromServiceError } from './status-details.ts';
import { exchange } from './stream.ts';

export type {
  BatchReEncryptItem,
  CheckReEncryptRequest,
  CheckReEncryptResponse__Output,
  ItemResult,
  ReEncryptRequest,
  ReEncryptResponse__Output,
  StreamReEncryptRequest,
  TlsOptions,
};

/** Which proxy a client calls, and how it connects to it. */
export interface ClientOptions {
  /** `host:port`, `unix:/path/of/socket`, or any other target name of gRPC. */
  readonly target: string;
  /** Plain HTTP/2 if left out. */
  readonly tls?: TlsOptions | undefined;
  /** Sent with every call, such as `authorization: Bearer …`; a function is called for each call. */
  readonly metadata?: CallMetadata | (() => CallMetadata) | undefined;
}

type CallMetadata = Readonly<Record<string, string>>;

/** Options of one call. */
export interface CallOptions {
  /** Milliseconds until the call is given up; if left out, only the proxy's own limit applies. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call, which then rejects with the code `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
  /** True waits for a proxy that is away, for example restarting, until the time is up. */
  readonly waitForReady?: boolean | undefined;
}

/** What grpc.health.v1 says of a server or service: `SERVING` while calls are taken. */
export type ServingStatus = HealthCheckResponse__Output['status'];

/** Every call that is refused, given up or not answered rejects with a RefusedError. */
export interface Client {
  /** Re-encrypts one ciphertext; a dry run answers without one. */
  reEncrypt(call: ReEncryptRequest, options?: CallOptions): Promise<ReEncryptResponse__Output>;
  /** What policy would decide, with its reasons; KMS is not asked to re-encrypt. */
  checkReEncrypt(
    check: CheckReEncryptRequest,
    options?: CallOptions,
  ): Promise<CheckReEncryptResponse__Output>;
  /** Results come in the order of the items; rejects only if the whole batch is refused. */
  batchReEncrypt(
    items: readonly BatchReEncryptItem[],
    options?: CallOptions,
  ): Promise<readonly ItemResult[]>;
  /**
   * Takes items as fast as the proxy does; results come as they are ready. Cancelled if the reader
   * stops early; rejects with what `items` throws.
   */
  streamReEncrypt(
    items: AsyncIterable<StreamReEncryptRequest>,
    options?: CallOptions,
  ): AsyncIterable<ItemResult>;
  /** grpc.health.v1, of the whole server if no service is named. */
  health(service?: string, options?: CallOptions): Promise<ServingStatus>;
  /** Takes no more calls; those under way go on. */
  close(): void;
}

/** A client of one proxy; connects with the first call. @throws Error if a TLS file is unreadable. */
export function createClient({ target, tls, metadata: headers = {} }: ClientOptions): Client {
  const channel = createRenewed(filesOf(tls), () => createChannel(target, tls));
  const service = () => channel.current().service;
  const metadata = ({ waitForReady = false }: CallOptions = {}) =>
    toMetadata(typeof headers === 'function' ? headers() : headers, waitForReady);

  return {
    async reEncrypt(call, options) {
      const response = await unary<ReEncryptResponse__Output>(options, (rest) =>
        service().reEncrypt(call, metadata(options), rest.grpc, rest.done),
      );
      return requireCiphertext(response);
    },
    checkReEncrypt: (check, options) =>
      unary(options, (rest) =>
        service().checkReEncrypt(check, metadata(options), rest.grpc, rest.done),
      ),
    async batchReEncrypt(items, options) {
      const { results } = await unary<BatchReEncryptResponse__Output>(options, (rest) =>
        service().batchReEncrypt({ items: [...items] }, metadata(options), rest.grpc, rest.done),
      );
      return results.map(toItemResult);
    },
    async *streamReEncrypt(items, options) {
      const call = service().streamReEncrypt(metadata(options), grpcOptions(options));
      for await (const result of exchange(call, items, options?.signal)) yield toItemResult(result);
    },
    async health(name = '', options) {
      const prober = channel.current().prober();
      const answer = await unary<HealthCheckResponse__Output>(options, (rest) =>
        prober.check({ service: name }, metadata(options), rest.grpc, rest.done),
      );
      return answer.status;
    },
    close: channel.close,
  };
}

/** @throws Error if a TLS file is unreadable */
function createChannel(target: string, tls: TlsOptions | undefined) {
  const { ReEncryptService } = loadReEncryptTypes().kms.reencrypt.v1;
  const credentials = channelCredentials(tls);
  const service = new ReEncryptService(target, credentials, CHANNEL_OPTIONS);

  // Its contract is read with the first question: most clients ask none, and probes ask every second.
  let prober: ReturnType<typeof createProber> | undefined;
  function createProber() {
    const { Health } = loadHealthTypes().grpc.health.v1;
    return new Health(target, credentials, {
      ...CHANNEL_OPTIONS,
      channelOverride: service.getChannel(),
    });
  }
  return {
    service,
    prober() {
      prober ??= createProber();
      return prober;
    },
    close: () => service.close(),
  };
}

/** grpc-js's own error would show the value that cannot be sent, which may be a token. */
function toMetadata(headers: CallMetadata, waitForReady: boolean): Metadata {
  const metadata = new Metadata({ waitForReady });
  for (const [name, value] of Object.entries(headers)) {
    try {
      metadata.set(name, value);
    } catch {
      throw new Error(`metadata ${name}: its value cannot be sent`);
    }
  }
  return metadata;
}

interface Rest<Answer> {
  readonly grpc: GrpcCallOptions;
  readonly done: (error: ServiceError | null, answer?: Answer) => void;
}

async function unary<Answer>(
  options: CallOptions | undefined,
  start: (rest: Rest<Answer>) => { cancel(): void },
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { signal } = options ?? {};
  const done = (error: ServiceError | null, answer?: Answer) => {
    signal?.removeEventListener('abort', cancel);
    if (error !== null) reject(fromServiceError(error));
    else if (answer !== undefined) resolve(answer);
    else reject(new Error('the call ended without an answer'));
  };
  const call = start({ grpc: grpcOptions(options), done });
  const cancel = () => call.cancel();
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  return promise;
}

function grpcOptions({ timeoutMs }: CallOptions = {}): GrpcCallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}
