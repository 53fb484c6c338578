import type { RequestListener } from 'node:http';
import { type Page, readOnly } from './read-only.ts';

/** What the probe listener answers with. */
interface ProbeSources {
  /** Whether the proxy can serve, and every part that it needs. */
  readonly readiness: () => { readonly ready: boolean; readonly checks: object };
  readonly metrics: (
    accept: string,
  ) => Promise<{ readonly contentType: string; readonly body: Buffer }>;
}

/**
 * `/livez` says that the process answers and nothing else; `/readyz` that policy and audit can
 * serve (KMS is left out: a throttled KMS must not restart pods); `/metrics` is for Prometheus.
 */
export function probeHandler({ readiness, metrics }: ProbeSources): RequestListener {
  return readOnly({
    refuse: toText,
    async read(path, { headers }) {
      switch (path) {
        case '/livez':
          return toText(200, 'ok');
        case '/readyz': {
          const { ready, checks } = readiness();
          const body = `${JSON.stringify({ ready, ...checks })}\n`;
          return { code: ready ? 200 : 503, contentType: 'application/json', body };
        }
        case '/metrics':
          return { code: 200, ...(await metrics(headers.accept ?? '')) };
        default:
          return toText(404, '/metrics, /livez and /readyz are served here');
      }
    },
  });
}

function toText(code: number, line: string): Page {
  return { code, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}
