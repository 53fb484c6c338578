import { expect, test } from 'vitest';
import { traceIdOf } from '../../src/server/trace-id.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

test.each([
  ['a sampled one', `00-${TRACE}-00f067aa0ba902b7-01`, TRACE],
  ['none', '', ''],
  ['another version', `01-${TRACE}-00f067aa0ba902b7-01`, ''],
  ['a cut one', `00-${TRACE}-`, ''],
  ['one with more behind', `00-${TRACE}-00f067aa0ba902b7-01, 00-x`, ''],
  ['capitals', `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, ''],
])('the trace id is taken only from a complete traceparent: %s', (_, traceparent, traceId) => {
  expect(traceIdOf(traceparent)).toBe(traceId);
});
