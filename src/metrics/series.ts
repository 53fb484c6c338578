import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { METRICS, type MetricName, type MetricSpec } from './catalogue.ts';

type Labels = Readonly<Record<string, string>>;

/** One series of a counter. Adding to `value` is all that the hot path does. */
export interface Cell {
  value: number;
}

export interface Series {
  /** A series of a counter, present at 0 from now on. */
  counter(name: MetricName, labels?: Labels): Cell;
  /** A series of a histogram, present from now on; takes seconds. */
  histogram(name: MetricName, labels?: Labels): (seconds: number) => void;
  /** A gauge that is read at each scrape. Each sample is a value and its labels. */
  gauge(name: MetricName, read: () => readonly Sample[]): void;
}

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Makes the metrics of the catalogue in a registry, each on first use. */
export function createSeries(registry: Registry): Series {
  const counters = new Map<MetricName, (labels: Labels) => Cell>();
  const histograms = new Map<MetricName, Histogram>();

  return {
    counter(name, labels = {}) {
      const add = counters.get(name) ?? createCounter(registry, name);
      counters.set(name, add);
      return add(labels);
    },
    histogram(name, labels = {}) {
      const histogram = histograms.get(name) ?? createHistogram(registry, name);
      histograms.set(name, histogram);
      histogram.zero({ ...labels });
      return histogram.labels({ ...labels }).observe;
    },
    gauge(name, read) {
      createGauge(registry, name, read);
    },
  };
}

/** prom-client hashes labels at every increment, so it gets the increase only at each scrape. */
function createCounter(registry: Registry, name: MetricName): (labels: Labels) => Cell {
  const cells: { readonly labels: Labels; readonly cell: Cell; told: number }[] = [];
  new Counter({
    ...common(registry, name),
    collect() {
      for (const entry of cells) {
        this.inc(entry.labels, entry.cell.value - entry.told);
        entry.told = entry.cell.value;
      }
    },
  });
  return (labels) => {
    const cell = { value: 0 };
    cells.push({ labels, cell, told: 0 });
    return cell;
  };
}

function createHistogram(registry: Registry, name: MetricName): Histogram {
  const spec: MetricSpec = METRICS[name];
  return new Histogram({ ...common(registry, name), buckets: [...(spec.buckets ?? [])] });
}

function createGauge(registry: Registry, name: MetricName, read: () => readonly Sample[]): void {
  new Gauge({
    ...common(registry, name),
    collect() {
      this.reset();
      for (const { labels = {}, value } of read()) this.set(labels, value);
    },
  });
}

function common(registry: Registry, name: MetricName) {
  const { help, labels }: MetricSpec = METRICS[name];
  return { name, help, labelNames: [...labels], registers: [registry] };
}
