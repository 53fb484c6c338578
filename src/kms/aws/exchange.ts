import type { Dispatcher } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';
import { KmsFault } from '../port.ts';
import { CONNECT_TIMEOUT_MS, MAX_SOCKETS, REQUEST_TIMEOUT_MS } from './client.ts';

/** A whole HTTP answer, as far as the protocol needs it. */
export interface HttpAnswer {
  readonly status: number;
  /** `x-amzn-requestid`, or ''. */
  readonly requestId: string;
  /** `x-amzn-errortype`, or ''. */
  readonly errorType: string;
  /** `date`, or ''. */
  readonly date: string;
  readonly body: string;
}

export interface HttpRequest {
  /** Names and values by turns. */
  readonly headers: string[];
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

export interface Exchange {
  /** POST to `/`. Rejects with a KmsFault, or with the signal's reason. */
  post(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** What KMS answers is at most a few kilobytes; more is not KMS. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A handshake costs more than many calls, so a connection outlives the pauses of a quiet service. */
const KEEP_ALIVE_MS = 20_000;

/** HTTP/1.1 over connections that are kept alive, one request at a time on each. */
export function createExchange({ origin }: URL): Exchange {
  const pool = new Pool(origin, {
    connections: MAX_SOCKETS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: REQUEST_TIMEOUT_MS,
    bodyTimeout: REQUEST_TIMEOUT_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  return {
    post: ({ headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const options = { method: 'POST', path: '/', headers, body } as const;
        pool.dispatch(options, collect({ signal, resolve, reject }));
      }),
    close: () => pool.destroy(),
  };
}

interface Settle {
  readonly signal: AbortSignal;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

/** A handler straight under the pool: `Pool.request` would add a stream and two promises a call. */
function collect({ signal, resolve, reject }: Settle): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined;
  let head: Omit<HttpAnswer, 'body'>;
  let body: Buffer | undefined;
  const abort = () => {
    controller?.abort(signal.reason);
    reject(signal.reason);
  };
  signal.addEventListener('abort', abort);

  return {
    onRequestStart(started) {
      controller = started;
      if (signal.aborted) started.abort(signal.reason);
    },
    onResponseStart(_, status, headers) {
      head = {
        status,
        requestId: one(headers['x-amzn-requestid']),
        errorType: one(headers['x-amzn-errortype']),
        date: one(headers['date']),
      };
    },
    onResponseData(_, chunk) {
      body = body === undefined ? chunk : Buffer.concat([body, chunk]);
    },
    onResponseEnd() {
      signal.removeEventListener('abort', abort);
      resolve({ ...head, body: body?.toString('utf8') ?? '' });
    },
    onResponseError(_, error) {
      signal.removeEventListener('abort', abort);
      reject(signal.aborted ? signal.reason : unreachable(error));
    },
  };
}

const one = (value: string | string[] | undefined): string =>
  typeof value === 'string' ? value : (value?.[0] ?? '');

function unreachable(error: Error & { readonly code?: unknown }): KmsFault {
  const code = typeof error.code === 'string' ? error.code : error.name;
  return new KmsFault(code, error.message, { cause: error });
}
