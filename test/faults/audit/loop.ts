import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import process from 'node:process';

const EVERY_MS = 5;

interface LoopDelay {
  /** How late the latest timer came, in milliseconds. */
  readonly late: number;
  /** The same without the time spent waiting for a CPU. */
  readonly held: number;
}

/**
 * The largest delay of the event loop. On a crowded machine a timer is late because others run: the
 * kernel counts how long a thread was ready and had no CPU. That is subtracted for this thread and
 * for those that it waits for: V8's helpers, which collect garbage, and the tracer, which
 * stops it at each new thread. The rest is how long the process itself held up its loop, blocked or
 * busy. While a sync hangs the tracer sleeps, so none of the hang can be subtracted.
 */
export function watchLoop(): () => LoopDelay {
  const own = [process.pid, ...helpers()].map((id) => `/proc/self/task/${id}`);
  const threads = [...own, ...tracer()].map(openWaiting);
  const lap = () => threads.reduce((sum, thread) => sum + thread.lap(), 0);
  let [late, held] = [0, 0];
  lap();
  let due = performance.now() + EVERY_MS;
  const timer = setInterval(() => {
    const delay = performance.now() - due;
    late = Math.max(late, delay);
    held = Math.max(held, delay - lap());
    due = performance.now() + EVERY_MS;
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const thread of threads) thread.close();
    return { late: Math.round(late), held: Math.round(held) };
  };
}

function helpers(): readonly number[] {
  return readdirSync('/proc/self/task')
    .filter((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('V8Worker'))
    .map(Number);
}

function tracer(): readonly string[] {
  const [, id = '0'] =
    /^TracerPid:\s*(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return id === '0' ? [] : [`/proc/${id}`];
}

/** `lap` returns how many milliseconds the thread has waited for a CPU since the last `lap`. */
function openWaiting(thread: string) {
  const fd = openSync(`${thread}/schedstat`, 'r');
  const bytes = Buffer.alloc(128);
  let before = 0;
  return {
    lap(): number {
      const count = readSync(fd, bytes, 0, bytes.length, 0);
      const waited = Number(bytes.toString('latin1', 0, count).split(' ')[1]) / 1e6;
      const since = waited - before;
      before = waited;
      return since;
    },
    close: () => closeSync(fd),
  };
}
