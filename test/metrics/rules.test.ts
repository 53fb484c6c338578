import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../../src/errors.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';

const rules = (name: string) => readFileSync(`deploy/prometheus/${name}.yaml`, 'utf8');
const alerts = [...rules('alerts').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);

describe('the alerts and rules for Prometheus', () => {
  it('query only metrics that there are', () => {
    const text = rules('recording') + rules('alerts');
    const names = [...text.matchAll(/\b(?<!:)(?:kms_reencrypt|grpc_server)_\w+(?=[{[ ])/g)];
    expect(names.length).toBeGreaterThan(alerts.length);
    const known = Object.keys(METRICS);
    for (const [name] of names) expect(known).toContain(name.replace(/_(bucket|sum|count)$/, ''));
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
