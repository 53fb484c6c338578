import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../../src/errors.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';

const rules = (name: string) => readFileSync(`deploy/prometheus/${name}.yaml`, 'utf8');
const alerts = [...rules('alerts').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);

/** A metric of ours, and what is chosen of it. */
const CHOICE = /\b(?<!:)((?:kms_reencrypt|grpc_server)_\w+)\{([^}]*)\}/g;

describe('the alerts and rules for Prometheus', () => {
  it('query only metrics that there are', () => {
    const text = rules('recording') + rules('alerts');
    const names = [...text.matchAll(/\b(?<!:)(?:kms_reencrypt|grpc_server)_\w+(?=[{[ ])/g)];
    expect(names.length).toBeGreaterThan(alerts.length);
    const known = Object.keys(METRICS);
    for (const [name] of names) expect(known).toContain(name.replace(/_(bucket|sum|count)$/, ''));
  });

  it('choose only by values of labels that there are', async () => {
    const { text } = createMetrics({ version: '1.2.3', backend: 'aws' });
    const series = String((await text('')).body).split('\n');
    const choices = [...(rules('recording') + rules('alerts')).matchAll(CHOICE)];
    expect(choices.length).toBeGreaterThan(10);
    for (const [, name = '', labels = ''] of choices) {
      for (const [, label, values = ''] of labels.matchAll(/(\w+)[=!]~?"([^"]*)"/g)) {
        for (const value of values.split('|')) {
          const there = (line: string) =>
            line.startsWith(`${name}{`) && line.includes(`${label}="${value}"`);
          expect(series.some(there), `${name} ${label} ${value}`).toBe(true);
        }
      }
    }
  });

  it('query only metrics of Node.js that prom-client has', async () => {
    const page = await createMetrics({ version: '0.0.0', backend: 'aws' }).text('');
    const names = [...rules('alerts').matchAll(/\bnodejs_\w+/g)].map(([name]) => name);
    expect(names).not.toEqual([]);
    for (const name of names) expect(String(page.body)).toContain(`\n${name} `);
  });

  it('spend error budget only for UNAVAILABLE, DEADLINE_EXCEEDED and INTERNAL reasons', () => {
    const spent = Object.entries(REASONS)
      .filter(([, { grpc }]) => ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL'].includes(grpc))
      .map(([reason]) => reason);
    const lists = [...rules('recording').matchAll(/reason=~"(.*?)"/g)];
    expect(lists).toHaveLength(5);
    for (const [, list = ''] of lists) expect(list.split('|')).toEqual(spent);
  });

  it('are tested, each alert where it fires and where it is silent', () => {
    const tested = rules('alerts.test') + rules('alerts.slow.test');
    expect(alerts).not.toEqual([]);
    for (const alert of alerts) {
      expect(tested, alert).toContain(`name: ${alert} fires`);
      expect(tested, alert).toContain(`name: ${alert} is silent`);
    }
  });

  it('link every alert to a section of the runbook', () => {
    const headings = [...readFileSync('docs/runbook.md', 'utf8').matchAll(/^## (.*)$/gm)];
    const sections = headings.map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-'));
    const linked = [...rules('alerts').matchAll(/runbook\.md#(\S+)/g)];
    expect(linked).toHaveLength(alerts.length);
    for (const [, section] of linked) expect(sections).toContain(section);
  });
});

describe('the dashboard', () => {
  const board = JSON.parse(readFileSync('deploy/grafana/kms-reencrypt-proxy.json', 'utf8'));
  const panels: Panel[] = board.panels.filter(({ type }: Panel) => type !== 'row');
  const stats = panels.filter(({ type }) => type === 'stat');

  it('turns red where something is wrong, and not because the fleet is large', () => {
    for (const { title, fieldConfig } of stats) {
      const { unit, thresholds } = fieldConfig.defaults;
      const red = thresholds?.steps.filter(({ color }) => color === 'red');
      expect(red, title).toEqual(unit === 'bool' ? [{ color: 'red', value: 1 }] : []);
    }
  });

  it('tells by numbers what is, not what was within the time that it shows', () => {
    const targets = stats.flatMap((panel) => panel.targets);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(target).toMatchObject({ instant: true, range: false });
  });

  it('shows what has expired, and no age of what never was', () => {
    for (const { title, fieldConfig, targets } of panels) {
      const { unit, min } = fieldConfig.defaults;
      if (unit === 'dtdurations') expect(min, title).toBeUndefined();
      for (const { expr } of targets) expect(expr, title).not.toMatch(/^time\(\) - [^(]/);
    }
  });

  it('shows every metric but those that each gRPC server has', () => {
    const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');
    const own = Object.keys(METRICS).filter((name) => name.startsWith('kms_reencrypt_'));
    expect(own.filter((name) => !asked.includes(name))).toEqual([]);
  });
});

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string;
      readonly min?: number;
      readonly thresholds?: { readonly steps: readonly { readonly color: string }[] };
    };
  };
}
