import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { OVERFLOW } from './catalogue.ts';
import { add, cells } from './cells.ts';
import type { Cell, Series } from './series.ts';

export interface HttpMetrics {
  /** A request has arrived on the KMS JSON endpoint. */
  started(): void;
  /** The request has ended. @param operation The name after `TrentService.`; '' if there was none. */
  handled(operation: string, status: number, seconds: number): void;
  inFlight(): number;
}

/** Counts and times a handler's requests, however they end; 499 is a client that went away. */
export function measureRequests(handler: RequestListener, metrics: HttpMetrics): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const from = performance.now();
    const [, operation = ''] = /\.(\w{1,64})$/.exec(`${request.headers['x-amz-target']}`) ?? [];
    metrics.started();
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.handled(operation, status, (performance.now() - from) / 1e3);
    });
    handler(request, response);
  };
}

/** Names come from callers, so that operations of the embedded KMS have none of their own. */
const OPERATIONS = ['ReEncrypt', OVERFLOW] as const;
/** All that the endpoint answers with. */
const STATUSES = ['200', '400', '404', '413', '499', '500'] as const;
const BOTH = OPERATIONS.flatMap((operation) =>
  STATUSES.map((status) => `${operation} ${status}` as const),
);

export function createHttpMetrics(series: Series): HttpMetrics {
  const flight: Cell = { value: 0 };
  const observe = series.histogram('kms_reencrypt_http_request_seconds');
  const requests = cells(BOTH, (both) => {
    const [operation = '', status = ''] = both.split(' ');
    return series.counter('kms_reencrypt_http_requests_total', { operation, status });
  });

  return {
    started() {
      flight.value += 1;
    },
    handled(operation, status, seconds) {
      add(requests, `${operation === 'ReEncrypt' ? operation : OVERFLOW} ${status}`);
      flight.value -= 1;
      observe(seconds);
    },
    inFlight: () => flight.value,
  };
}
