import type { RequestListener } from 'node:http';

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
  return async (request, response) => {
    const send = (code: number, contentType: string, body: string | Buffer) => {
      response.writeHead(code, { 'content-type': contentType, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? '' : body);
    };
    const text = 'text/plain; charset=utf-8';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(405, text, 'only GET and HEAD\n');
    }
    switch (request.url?.split('?')[0]) {
      case '/livez':
        return send(200, text, 'ok\n');
      case '/readyz': {
        const { ready, checks } = readiness();
        const body = JSON.stringify({ ready, ...checks });
        return send(ready ? 200 : 503, 'application/json', `${body}\n`);
      }
      case '/metrics': {
        const scrape = await metrics(request.headers.accept ?? '');
        return send(200, scrape.contentType, scrape.body);
      }
      default:
        return send(404, text, '/metrics, /livez and /readyz are served here\n');
    }
  };
}
