import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { type Bag, createBag, type Placed } from '../watches/bag.ts';

/** An open call, in the bag of its connection. */
export interface OpenCall extends Placed {
  readonly stream: ServerHttp2Stream;
  readonly at: number;
  readonly own: OpenCalls;
  /** Whether its requests are a stream. */
  readonly streams: boolean;
}

/** The open calls of one connection. */
export interface OpenCalls extends Bag<OpenCall> {
  /** When the latest began, or the connection was accepted. */
  latestAt: number;
  /** Known once there was a call. */
  session: ServerHttp2Session | undefined;
}

export function noOpenCalls(): OpenCalls {
  const beginning = { latestAt: performance.now(), session: undefined };
  return Object.assign(createBag<OpenCall>(), beginning);
}

/** A call that waits for its answer is held open by us; such calls have limits of their own. */
export function isHeld({ stream }: OpenCall): boolean {
  return !stream.readableEnded || stream.headersSent;
}
