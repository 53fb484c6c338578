import { expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.ts';

/** Metrics that count how often they are read. */
function create() {
  const clock = { now: 5000 };
  const made = { count: 0 };
  const { read, text } = createMetrics({
    version: '1.2.3',
    backend: 'embedded',
    now: () => clock.now,
  });
  read({
    auditQueue() {
      made.count += 1;
      return made.count;
    },
  });
  return { clock, made, text };
}

it('is made once for all requests in one turn of the event loop', async () => {
  const { made, text } = create();
  await Promise.all(Array.from({ length: 100 }, () => text('text/plain')));
  expect(made.count).toBe(1);
  await text('text/plain');
  expect(made.count).toBe(2);
});

it('is made anew a hundred times a second, and the last one given again beyond that', async () => {
  const { clock, made, text } = create();
  for (let n = 0; n < 150; n += 1) await text('text/plain');
  expect(made.count).toBe(100);
  clock.now += 100;
  for (let n = 0; n < 50; n += 1) await text('text/plain');
  expect(made.count).toBe(101);
  clock.now += 900;
  await text('text/plain');
  expect(made.count).toBe(102);
});

it.each(['text/plain', 'application/openmetrics-text'])(
  'as %s is held once, however many wait to take it',
  async (accept) => {
    const { text } = create();
    const [one, other] = await Promise.all([text(accept), text(accept)]);
    expect(one.body).toBe(other.body);
    expect(one.body).toBeInstanceOf(Buffer);
  },
);
