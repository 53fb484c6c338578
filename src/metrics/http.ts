import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { OVERFLOW } from './catalogue.ts';
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

const OPERATIONS = ['ReEncrypt'];
const STATUSES = ['200', '400', '499', '500', '503'];
/** Operations that the embedded KMS may also serve; bounded, because names come from callers. */
const OTHER_OPERATION =
  /^(Create|Decrypt|Delete|Describe|Disable|Enable|Encrypt|Generate|Get|List)/;
const SERIES_AT_MOST = 128;

export function createHttpMetrics(series: Series): HttpMetrics {
  const flight: Cell = { value: 0 };
  const observe = series.histogram('kms_reencrypt_http_request_seconds');
  const cells = new Map<string, Cell>();
  for (const operation of [...OPERATIONS, OVERFLOW]) {
    for (const status of STATUSES) cell(operation, status);
  }

  function cell(operation: string, status: string): Cell {
    const key = `${operation} ${status}`;
    const known = cells.get(key);
    if (known) return known;
    const made = series.counter('kms_reencrypt_http_requests_total', { operation, status });
    cells.set(key, made);
    return made;
  }

  return {
    started() {
      flight.value += 1;
    },
    handled(operation, status, seconds) {
      const served = OPERATIONS.includes(operation);
      const known = served || (status === 200 && OTHER_OPERATION.test(operation));
      const name = known && (served || cells.size < SERIES_AT_MOST) ? operation : OVERFLOW;
      cell(name, `${status}`).value += 1;
      flight.value -= 1;
      observe(seconds);
    },
    inFlight: () => flight.value,
  };
}
