import {
  HEALTH_SERVICE,
  REFLECTION_SERVICES,
  type Rpc,
  SERVICE_NAME,
} from '../contract/service-names.ts';
import { OVERFLOW } from './catalogue.ts';
import type { Cell, Series } from './series.ts';

/** One method's series, bound once: what a server interceptor calls. */
interface GrpcMethodMetrics {
  started(): void;
  received(): void;
  sent(): void;
  /** Once per call: with the numeric status code and the seconds since it started. */
  handled(code: number, seconds: number): void;
}

export interface GrpcMetrics {
  /** By full path, `/package.Service/Method`; a path nobody serves counts as `_other`. */
  method(path: string): GrpcMethodMetrics;
  inFlight(): number;
}

type GrpcType = 'unary' | 'server_stream' | 'client_stream' | 'bidi_stream';

const RPCS: Readonly<Record<Rpc, GrpcType>> = {
  ReEncrypt: 'unary',
  BatchReEncrypt: 'unary',
  StreamReEncrypt: 'bidi_stream',
  CheckReEncrypt: 'unary',
};

// biome-ignore format: a table reads best with a method a line.
const METHODS: readonly (readonly [service: string, method: string, type: GrpcType])[] = [
  ...Object.entries(RPCS).map(([method, type]) => [SERVICE_NAME, method, type] as const),
  [HEALTH_SERVICE, 'Check', 'unary'],
  [HEALTH_SERVICE, 'List', 'unary'],
  [HEALTH_SERVICE, 'Watch', 'server_stream'],
  ...REFLECTION_SERVICES.map((service) => [service, 'ServerReflectionInfo', 'bidi_stream'] as const),
  [OVERFLOW, OVERFLOW, 'unary'],
];

/** By number, in the spelling of go-grpc-prometheus. */
const CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;
const UNKNOWN = 2;

/** The gRPC server metrics under the names and labels of the Go middleware, every series from 0. */
export function createGrpcMetrics(series: Series): GrpcMetrics {
  const flight: Cell = { value: 0 };
  /** A health watch lasts forever and is not load. */
  const others: Cell = { value: 0 };
  const methods = new Map<string, GrpcMethodMetrics>(
    METHODS.map(([service, method, type]) => {
      const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
      return [
        `/${service}/${method}`,
        bind(series, labels, service === SERVICE_NAME ? flight : others),
      ] as const;
    }),
  );
  const other = bindOther(methods);
  return {
    method: (path) => methods.get(path) ?? other,
    inFlight: () => flight.value,
  };
}

function bindOther(methods: ReadonlyMap<string, GrpcMethodMetrics>): GrpcMethodMetrics {
  const other = methods.get(`/${OVERFLOW}/${OVERFLOW}`);
  if (!other) throw new Error('the table of gRPC methods has no overflow');
  return other;
}

function bind(
  series: Series,
  labels: Readonly<Record<string, string>>,
  flight: Cell,
): GrpcMethodMetrics {
  const started = series.counter('grpc_server_started_total', labels);
  const received = series.counter('grpc_server_msg_received_total', labels);
  const sent = series.counter('grpc_server_msg_sent_total', labels);
  const observe = series.histogram('grpc_server_handling_seconds', labels);
  const codes = CODES.map((grpc_code) =>
    series.counter('grpc_server_handled_total', { ...labels, grpc_code }),
  );
  return {
    started() {
      started.value += 1;
      flight.value += 1;
    },
    received() {
      received.value += 1;
    },
    sent() {
      sent.value += 1;
    },
    handled(code, seconds) {
      const cell = codes[code] ?? codes[UNKNOWN];
      if (cell) cell.value += 1;
      flight.value -= 1;
      observe(seconds);
    },
  };
}
