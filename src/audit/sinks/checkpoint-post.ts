import { setTimeout } from 'node:timers/promises';
import { loggable } from '../../addresses/location.ts';
import { messageOf } from '../../thrown.ts';
import { post, type Service } from './post.ts';

interface CheckpointPostOptions extends Service {
  readonly onError: (message: string) => void;
  /** How long `close` may wait for the service. */
  readonly lastMs?: number;
}

export interface CheckpointPost {
  put(note: string): void;
  /** Tries once more, and stops. If the service is too late, reports that; the note stays beside the log. */
  close(): Promise<void>;
}

const RETRY_MS = { first: 1_000, last: 30_000 };

/**
 * Posts each signed note, as it is, to a service that keeps it off the host, until the service answers
 * 2xx. A newer checkpoint covers all that an older one does, so only the newest waits.
 */
export function createCheckpointPost(options: CheckpointPostOptions): CheckpointPost {
  const closing = new AbortController();
  const { url, onError, lastMs = 2_000 } = options;
  let newest: string | undefined;
  let running: Promise<void> | undefined;

  return {
    put(note) {
      newest = note;
      running ??= run();
    },
    async close() {
      closing.abort();
      await Promise.race([running, setTimeout(lastMs, undefined, { ref: false })]);
      if (running !== undefined)
        onError(`audit: the last checkpoint did not reach ${loggable(url)} in time`);
    },
  };

  async function run(): Promise<void> {
    let delay = RETRY_MS.first;
    while (newest !== undefined) {
      const note = newest;
      const last = closing.signal.aborted;
      if (await posted(note, options)) {
        if (newest === note) newest = undefined;
        delay = RETRY_MS.first;
      } else if (last) break;
      else {
        await setTimeout(delay, undefined, { signal: closing.signal, ref: false }).catch(() => {});
        delay = Math.min(delay * 2, RETRY_MS.last);
      }
    }
    running = undefined;
  }
}

async function posted(note: string, options: CheckpointPostOptions): Promise<boolean> {
  try {
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    const { ok, status } = await post(options, { headers, body: note });
    if (!ok) throw new Error(`it answers ${status}`);
    return true;
  } catch (thrown) {
    const why = messageOf(thrown);
    options.onError(`audit: the checkpoint did not reach ${loggable(options.url)}: ${why}`);
    return false;
  }
}
