import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import { toError } from '../../thrown.ts';

export interface WorkloadApi {
  /** `unix:/path`, as in SPIFFE_ENDPOINT_SOCKET. */
  readonly socket: string;
  /** Milliseconds from a broken stream to the next one, at first; doubles up to thirty times that. */
  readonly retryMs: number;
  /** How long the first answer may take. */
  readonly firstMs: number;
  /** Called when there is no usable news; the last good news stays in use, and the new one is tried again. */
  readonly onAlarm: (error: Error) => void;
}

/** Between two tries, in times of `retryMs`. */
const MOST_RETRIES_APART = 30;

/** From one answer to the next on a stream, so that one that never ends leaves time for calls. */
const PAUSE_MS = 100;

/** The latest answer of the Workload API, which sends a new one whenever something changes. */
interface News<T> {
  current(): T;
  onChange(listener: (news: T) => void): void;
  close(): void;
}

/**
 * Keeps a stream of the SPIFFE Workload API open, and opens another one when it breaks.
 * https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md
 * @throws Error when there is no good answer within `firstMs`
 */
export async function followWorkloadApi<T>(
  options: WorkloadApi,
  { method, read }: { method: string; read: (bytes: Buffer, before: T | undefined) => T },
): Promise<News<T>> {
  const { socket, firstMs } = options;
  const listeners = new Set<(news: T) => void>();
  const first = Promise.withResolvers<T>();
  let latest: T | undefined;
  const stream = keepOpen(options, method, (bytes) => {
    const news = read(bytes, latest);
    latest = news;
    first.resolve(news);
    for (const listener of listeners) listener(news);
  });
  const late = new Error(`the Workload API at ${socket} did not give a certificate in time`);
  const timer = setTimeout(() => first.reject(late), firstMs);
  try {
    const begun = await first.promise;
    return {
      current: () => latest ?? begun,
      onChange: (listener) => void listeners.add(listener),
      close: stream.close,
    };
  } catch (error) {
    stream.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function keepOpen(
  { socket, retryMs, onAlarm }: WorkloadApi,
  method: string,
  take: (bytes: Buffer) => void,
): { close(): void } {
  const client = new Client(socket, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.default_authority': 'localhost',
  });
  let stream: ClientReadableStream<Buffer> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;
  let wait = retryMs;
  let closed = false;

  const heard = (bytes: Buffer, told = false): void => {
    clearTimeout(later);
    try {
      take(bytes);
      wait = retryMs;
    } catch (thrown) {
      if (!told) onAlarm(toError(thrown));
      // What is not valid yet, or does not fit to an expired file, is sent only once, and may be good later.
      later = setTimeout(heard, retryMs * MOST_RETRIES_APART, bytes, true).unref();
    }
  };
  const again = (): void => {
    if (closed) return;
    timer = setTimeout(open, wait);
    timer.unref();
    wait = Math.min(wait * 2, retryMs * MOST_RETRIES_APART);
  };
  const open = (): void => {
    const metadata = new Metadata();
    // A workload that is tricked into fetching a URL cannot set this header.
    metadata.set('workload.spiffe.io', 'true');
    const raw = (bytes: Buffer): Buffer => bytes;
    const path = `/SpiffeWorkloadAPI/${method}`;
    const mine = client.makeServerStreamRequest(path, raw, raw, Buffer.alloc(0), metadata);
    stream = mine;
    stream.on('data', (bytes: Buffer) => {
      // Leftovers of an earlier stream are outdated.
      if (mine === stream) heard(bytes);
      mine.pause();
      setTimeout(() => mine.resume(), PAUSE_MS).unref();
    });
    stream.on('error', (error: Error) => {
      if (!closed) onAlarm(error);
    });
    // Emitted once after the stream's end, good or bad.
    stream.on('status', again);
  };
  open();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      clearTimeout(later);
      stream?.cancel();
      client.close();
    },
  };
}
