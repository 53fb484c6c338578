import { expect, test } from 'vitest';
import { watchReadiness } from '../../src/app/readiness.ts';
import { createStack } from '../../src/app/stack.ts';

const WELL = {
  policy: { status: () => ({ revision: 'r1' }) },
  audit: { status: () => ({ state: 'ok' as const }) },
  onStale: () => {},
};

test('is ready once the doors are open, and never again once they close', async () => {
  const opened = createStack();
  const told: boolean[] = [];
  const readiness = watchReadiness({ ...WELL, onChange: (ready) => told.push(ready) }, opened);
  expect(readiness.current()).toMatchObject({ ready: false, checks: { doors: { open: false } } });
  readiness.begin();
  expect(readiness.current()).toMatchObject({ ready: true, checks: { doors: { open: true } } });
  readiness.end();
  expect(readiness.current().ready).toBe(false);
  expect(told).toEqual([false, true, false]);
  await opened.close();
});

test('is not ready while the audit log is suspended, even once open', async () => {
  const opened = createStack();
  const audit = { status: () => ({ state: 'suspended' as const }) };
  const readiness = watchReadiness({ ...WELL, audit, onChange: () => {} }, opened);
  readiness.begin();
  expect(readiness.current().ready).toBe(false);
  await opened.close();
});

test('is not ready while policy is stale; reports that once, and once that it is usable again', async () => {
  const opened = createStack();
  let status = { revision: 'r1', stale: true, error: 'its not_after has passed' };
  const told: string[] = [];
  const policy = { status: () => status };
  const onStale = (why: string) => told.push(why);
  const readiness = watchReadiness({ ...WELL, policy, onStale, onChange: () => {} }, opened);
  status = { ...status, error: 'its not_after has passed; the service is away' };
  readiness.begin();
  expect(readiness.current().ready).toBe(false);
  status = { revision: 'r2', stale: false, error: '' };
  readiness.end();
  expect(told).toEqual(['its not_after has passed', '']);
  await opened.close();
});
