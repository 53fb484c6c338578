import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from './connections.ts';

/**
 * A client may give up every call of its connection at once, and after that so many a second, as one
 * with short deadlines does while KMS hangs.
 */
const BURST = 100;
const PER_SECOND = 100;

interface Resets {
  left: number;
  at: number;
}

/**
 * Ends connections whose calls are reset over and over, whoever is made to reset them
 * (CVE-2023-44487, CVE-2025-8671). nghttp2 has such a limit too, but goes on through what it has
 * already read, so that every connection began 350 calls; this one ends between two frames.
 */
export function limitResets(connections: Pick<Connections, 'owns'>): { close(): void } {
  const sessions = new WeakMap<Http2Session, Resets>();

  const closed = (message: unknown): void => {
    const { stream } = message as { readonly stream: ServerHttp2Stream };
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR) return;
    const { session } = stream;
    if (!session || session.destroyed || !connections.owns(session.socket)) return;
    const resets = sessions.get(session) ?? { left: BURST, at: performance.now() };
    sessions.set(session, resets);
    if (!take(resets)) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  subscribe('http2.server.stream.close', closed);
  return { close: () => void unsubscribe('http2.server.stream.close', closed) };
}

function take(resets: Resets): boolean {
  const now = performance.now();
  const gained = ((now - resets.at) / 1000) * PER_SECOND;
  resets.left = Math.min(BURST, resets.left + gained) - 1;
  resets.at = now;
  return resets.left >= 0;
}
