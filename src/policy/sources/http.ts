import type { Buffer } from 'node:buffer';
import { loggable } from '../../addresses/location.ts';
import { BundleFault } from '../bundle/fault.ts';
import { download, type ServiceTls } from './download.ts';
import { poll } from './poll.ts';
import type { Source } from './source.ts';

export interface HttpSourceOptions {
  readonly url: string;
  readonly maxBytes: number;
  /** Sent as `Authorization: Bearer`; read anew for each request, because such tokens are rotated. */
  readonly bearerToken?: (() => Promise<string>) | undefined;
  /** Read anew too, because certificates are renewed. */
  readonly tls?: () => Promise<ServiceTls>;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** How many seconds the server may hold a request; 0 for plain polling. */
  readonly longPollingTimeoutSeconds: number;
}

const LONG_POLLING_TYPE = 'application/vnd.openpolicyagent.bundles';

/** OPA's bundle service: https://www.openpolicyagent.org/docs/management-bundles#bundle-service-api */
export function httpSource(options: HttpSourceOptions): Source {
  const name = loggable(options.url);
  const { url, longPollingTimeoutSeconds: waitSeconds, bearerToken } = options;
  let etag = '';
  let longPolling = false;
  const closed = new AbortController();

  return {
    name,
    remote: true,
    forget: () => {
      etag = '';
    },
    fetch,
    follow: (check, lacking) => {
      const polling = poll({
        ...{ check, lacking },
        delaysMs: [options.minDelayMs, options.maxDelayMs],
        // A server that holds requests is asked again at once; it sets the pace. Without an ETag it cannot hold one.
        atOnce: () => longPolling && etag !== '',
      });
      return {
        stop() {
          polling.stop();
          closed.abort();
        },
      };
    },
  };

  async function fetch(): Promise<Buffer | undefined> {
    const wait = waitSeconds > 0 && etag !== '' ? `;wait=${waitSeconds}` : '';
    const token = bearerToken && (await bearerToken());
    const answer = await download({
      url,
      name,
      headers: {
        prefer: `modes=snapshot${wait}`,
        ...(etag !== '' && { 'if-none-match': etag }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      maxBytes: options.maxBytes,
      signal: AbortSignal.any([closed.signal, AbortSignal.timeout((waitSeconds + 30) * 1_000)]),
      tls: await options.tls?.(),
    });
    longPolling = waitSeconds > 0 && answer.contentType === LONG_POLLING_TYPE;
    // A service that was sent no ETag cannot know what we have.
    if (answer.status === 304 && etag !== '') return undefined;
    if (answer.status !== 200) {
      throw new BundleFault(`the bundle service answers ${answer.status} for ${name}`);
    }
    etag = answer.etag;
    return answer.body;
  }
}
