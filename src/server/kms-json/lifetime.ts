import { Refusal } from '../../errors.ts';

/** Performs a call under a signal that aborts with the Refusal that says why it ended early. */
export async function withLifetime<T>(
  gone: AbortSignal,
  deadlineMs: number,
  perform: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const expire = () => controller.abort(new Refusal('DEADLINE_EXCEEDED'));
  const cancel = () => controller.abort(new Refusal('CANCELLED'));
  const timer = setTimeout(expire, deadlineMs);
  gone.addEventListener('abort', cancel, { once: true });
  try {
    return await perform(controller.signal);
  } finally {
    clearTimeout(timer);
    gone.removeEventListener('abort', cancel);
  }
}
