import { collectDefaultMetrics, Registry } from 'prom-client';
import { type CallMetrics, createCallMetrics } from './calls.ts';
import { type ConnectionMetrics, createConnectionMetrics } from './connections.ts';
import { createGauges, type Readings } from './gauges.ts';
import { createGrpcMetrics, type GrpcMetrics } from './grpc.ts';
import { createHttpMetrics, type HttpMetrics } from './http.ts';
import { createKmsMetrics, type KmsMetrics } from './kms.ts';
import { negotiate } from './openmetrics.ts';
import { createScrape } from './scrape.ts';
import { createSeries } from './series.ts';
import { createStageMetrics, type StageMetrics } from './stages.ts';

export interface Metrics extends CallMetrics, ConnectionMetrics, StageMetrics {
  readonly grpc: GrpcMetrics;
  readonly http: HttpMetrics;
  readonly kms: KmsMetrics;
  /** Adds sources that gauges read at each scrape; a later one replaces an earlier one of its name. */
  read(readings: Partial<Readings>): void;
  /** The whole registry in the format that an Accept header asks for. */
  text(accept: string): Promise<{ readonly contentType: string; readonly body: Buffer }>;
}

interface MetricsOptions {
  readonly version: string;
  readonly backend: 'aws' | 'embedded';
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
}

/** Every metric of the proxy, in its own registry; every bounded series is present from the start. */
export function createMetrics({
  version,
  backend,
  now = () => performance.now(),
}: MetricsOptions): Metrics {
  const registry = new Registry();
  const series = createSeries(registry);
  const grpc = createGrpcMetrics(series);
  const http = createHttpMetrics(series);
  const readings: Partial<Readings> = {};
  createGauges(series, { readings, grpc, http, version, backend });
  collectProcessMetrics(registry);
  const scrape = createScrape(registry, now);

  return {
    ...createCallMetrics(series),
    ...createConnectionMetrics(series),
    ...createStageMetrics(series),
    grpc,
    http,
    kms: createKmsMetrics(series),
    read(more) {
      Object.assign(readings, more);
    },
    async text(accept) {
      const contentType = negotiate(accept);
      return { contentType, body: await scrape(contentType) };
    },
  };
}

/** Default gauges of prom-client that are named like counters, which `promtool` refuses. */
const MISNAMED = ['handles', 'requests', 'resources'];

/**
 * How often the event loop's delay is sampled; the metric includes this interval. At prom-client's
 * default of 10 ms, sampling is a third of an idle proxy's CPU time.
 */
const LOOP_LOOK_MS = 50;

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });
  for (const what of MISNAMED) registry.removeSingleMetric(`nodejs_active_${what}_total`);
}
