import { monitorEventLoopDelay } from 'node:perf_hooks';

interface LoopWatch {
  /** False once the loop has been late for `forSamples` samples in a row. */
  healthy(): boolean;
  close(): void;
}

interface LoopLimits {
  /** From which 99th percentile on a sample is too late. */
  readonly lateMs: number;
  readonly sampleMs: number;
  readonly forSamples: number;
}

const LIMITS: LoopLimits = { lateMs: 200, sampleMs: 1000, forSamples: 5 };

/** Each look wakes an idle process; this is still fine enough to see every delay above `lateMs`. */
const RESOLUTION_MS = 50;

/** Node's own, in nanoseconds; a test passes another. */
type DelayHistogram = Pick<
  ReturnType<typeof monitorEventLoopDelay>,
  'enable' | 'disable' | 'percentile' | 'reset'
>;

/** A proxy that hardly gets to run should not receive calls. */
export function watchEventLoop(
  limits: LoopLimits = LIMITS,
  histogram: DelayHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS }),
): LoopWatch {
  histogram.enable();
  let late = 0;
  const timer = setInterval(() => {
    late = histogram.percentile(99) / 1e6 > limits.lateMs ? late + 1 : 0;
    histogram.reset();
  }, limits.sampleMs);
  timer.unref();

  return {
    healthy: () => late < limits.forSamples,
    close() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
