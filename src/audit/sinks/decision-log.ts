import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Delivered, Sink } from './deliver.ts';

export interface DecisionLogOptions {
  /** Of the service, as OPA's `services[_].url`; entries go to `<url>/logs`. */
  readonly url: string;
  /** File with a bearer token, read anew for each batch. */
  readonly tokenFile?: string | undefined;
  readonly timeoutMs: number;
  /** Bytes of JSON in one batch, before compression. */
  readonly batchBytes: number;
}

const compress = promisify(gzip);

/** OPA's decision log service: https://www.openpolicyagent.org/docs/management-decision-logs */
export function createDecisionLogSink(options: DecisionLogOptions): Sink {
  const { url, tokenFile, timeoutMs, batchBytes } = options;
  const target = `${url.replace(/\/$/, '')}/logs`;
  return {
    name: 'decision-log',
    batchBytes,
    async send(lines) {
      const json = `[${lines.map(toEvent).join(',')}]`;
      const response = await fetch(target, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          ...(tokenFile && { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` }),
        },
        body: new Uint8Array(await compress(json)),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${target} answers ${response.status}`);
    },
  };
}

/**
 * OPA's services want in every event what our log says once a segment: who wrote it, and which
 * decision was asked for where one was.
 */
function toEvent({ bytes, labels }: Delivered): string {
  const line = bytes.toString();
  if (/^\{"kind":"(segment|started|restarted)",/.test(line)) return line;
  const path = line.startsWith('{"bundles":') ? '"path":"kms/reencrypt/decision",' : '';
  return `{"labels":${JSON.stringify(labels)},${path}${line.slice(1)}`;
}
