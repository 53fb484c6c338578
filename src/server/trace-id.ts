/** W3C trace id of a `traceparent` header (https://www.w3.org/TR/trace-context/), or ''. */
export function traceIdOf(traceparent: string): string {
  return /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent)?.[1] ?? '';
}
