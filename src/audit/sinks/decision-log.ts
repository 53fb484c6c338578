import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../thrown.ts';
import type { Delivered, Sink } from './deliver.ts';
import { post, type Service } from './post.ts';

/** `url` is as OPA's `services[_].url`; entries go to `<url>/logs`. */
export interface DecisionLogOptions extends Service {
  /** Bytes of JSON in one batch, before compression. */
  readonly batchBytes: number;
}

const compress = promisify(gzip);

/** OPA's decision log service: https://www.openpolicyagent.org/docs/management-decision-logs */
export function createDecisionLogSink(options: DecisionLogOptions): Sink {
  const { batchBytes } = options;
  const target = `${options.url.replace(/\/$/, '')}/logs`;
  const service = { ...options, url: target };
  return {
    name: 'decision-log',
    batchBytes,
    async send(lines) {
      const json = `[${lines.map(toEvent).join(',')}]`;
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const body = new Uint8Array(await compress(json));
      const { ok, status } = await post(service, { headers, body }).catch((cause) => {
        throw new Error(`${target}: ${messageOf(cause)}`, { cause });
      });
      if (!ok) throw new Error(`${target} answers ${status}`);
    },
  };
}

/**
 * Adds what OPA's services want in every event: who wrote it, which our log says once per segment,
 * and the path of the decision, if one was asked for.
 */
function toEvent({ bytes, labels }: Delivered): string {
  const line = bytes.toString();
  if (/^\{"kind":"(segment|started|restarted)",/.test(line)) return line;
  const path = line.startsWith('{"bundles":') ? '"path":"kms/reencrypt/decision",' : '';
  return `{"labels":${JSON.stringify(labels)},${path}${line.slice(1)}`;
}
