import { CONNECT_TIMEOUT_MS, IDLE_MS, MOST_SOCKETS, REQUEST_TIMEOUT_MS } from '../client.ts';
import type { HttpAnswer } from './answer-reader.ts';
import { createDial } from './dial.ts';
import { closePool, createPool, type PoolLimits, submit } from './pool.ts';

interface HttpRequest {
  /** ASCII, every line with its CRLF; Host and Content-Length are among them. */
  readonly headers: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface Exchange {
  /** POST to `/`. Rejects with a KmsFault, or with the signal's reason. */
  post(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

export interface ExchangeLimits extends PoolLimits {
  /** From `post` to the last byte of the answer. */
  readonly requestMs: number;
}

export const EXCHANGE_LIMITS: ExchangeLimits = {
  connections: MOST_SOCKETS,
  connectMs: CONNECT_TIMEOUT_MS,
  requestMs: REQUEST_TIMEOUT_MS,
  idleMs: IDLE_MS,
  sweepMs: 1000,
};

const START = 'POST / HTTP/1.1\r\nuser-agent: kms-reencrypt-proxy\r\n';

/** HTTP/1.1 over connections that are kept alive, one request at a time on each. */
export function createExchange(url: URL, limits: ExchangeLimits = EXCHANGE_LIMITS): Exchange {
  const pool = createPool(createDial(url), limits);
  return {
    post: ({ headers, body, signal }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const text = `${START}${headers}\r\n${body}`;
        const nowMs = performance.now();
        submit(pool, { text, signal, resolve, reject, endsAt: nowMs + limits.requestMs }, nowMs);
      }),
    close: () => closePool(pool),
  };
}
