import type { ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { LONGEST_TIMER_MS } from '../../../longest-timer.ts';
import { boundedAnswer } from '../bounded-answer.ts';
import { type CallToSign, signedHeaders } from './signed-headers.ts';

/** One request to a KMS endpoint, written out and signed as AWS's own clients would. */
export interface SignedCall extends CallToSign {
  readonly tls: { readonly verify: boolean; readonly ca: Uint8Array | undefined };
  /** 0 waits forever. */
  readonly connectTimeoutMs: number;
  /** For the next piece of the answer, and twice as long for all of them; 0 waits forever. */
  readonly readTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** The endpoint gave no answer; `kind` says how. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly kind: 'refused' | 'connect-timeout' | 'read-timeout' | 'closed' | 'tls';

  constructor(kind: NoAnswer['kind'], sentence: string, cause?: unknown) {
    super(sentence, { cause });
    this.kind = kind;
  }
}

/** Sends once, without any retry. @throws NoAnswer, or the signal's reason */
export async function sendSigned(call: SignedCall): Promise<HttpAnswer> {
  const { endpoint, tls, signal } = call;
  const headers = await signedHeaders(call);
  const options: RequestOptions = {
    method: 'POST',
    headers,
    signal,
    agent: false,
    rejectUnauthorized: tls.verify,
    ...(tls.ca && { ca: Buffer.from(tls.ca) }),
  };
  const { request: start } =
    endpoint.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return exchange(start(endpoint, options), call);
}

function exchange(request: ClientRequest, call: SignedCall): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const fail = (error: Error) =>
    reject(call.signal.aborted ? call.signal.reason : toNoAnswer(error));
  const stopTimers = limitTimes(request, call);
  request.once('error', fail).once('close', stopTimers);
  const refuse = (what: string) => {
    fail(new NoAnswer('closed', `the answer is ${what}`));
    request.destroy();
  };
  refuseOther(request, refuse);
  request.once('response', (answer) => {
    const { statusCode: status = 0, headers } = answer;
    if (status < 200) return refuse(ANOTHER_PROTOCOL);
    boundedAnswer(answer).then((body) => resolve({ status, headers, body }), fail);
  });
  request.end(call.body);
  return promise;
}

/** Interim (1xx) answers before the real one; each restarts the read timeout. */
const MOST_INTERIM = 16;
const ANOTHER_PROTOCOL = 'another protocol';

/** Refuses what never becomes an answer. Node reports a protocol change only through this event. */
function refuseOther(request: ClientRequest, refuse: (what: string) => void): void {
  let interim = 0;
  request.once('upgrade', (_, socket) => {
    socket.destroy();
    refuse(ANOTHER_PROTOCOL);
  });
  request.on('information', () => {
    interim += 1;
    if (interim > MOST_INTERIM) refuse('an endless series of interim answers');
  });
}

function limitTimes(request: ClientRequest, { connectTimeoutMs, readTimeoutMs }: SignedCall) {
  const expire = (kind: 'connect-timeout' | 'read-timeout') => () =>
    request.destroy(new NoAnswer(kind, kind));
  const connecting =
    connectTimeoutMs === 0 ? undefined : setTimeout(expire('connect-timeout'), connectTimeoutMs);
  request.once('socket', (socket) => {
    socket.once('connect', () => {
      clearTimeout(connecting);
      if (readTimeoutMs > 0) socket.setTimeout(readTimeoutMs, expire('read-timeout'));
    });
  });
  // An answer of which a byte comes now and then would never end.
  let reading: NodeJS.Timeout | undefined;
  request.once('finish', () => {
    if (readTimeoutMs > 0) {
      reading = setTimeout(expire('read-timeout'), Math.min(2 * readTimeoutMs, LONGEST_TIMER_MS));
    }
  });
  return () => {
    clearTimeout(connecting);
    clearTimeout(reading);
  };
}

/** Node's parser has about three dozen HPE_ codes. */
const CLOSED = /^(?:ECONNRESET|EPIPE|HPE_\w+|MalformedAnswer)$/;

function toNoAnswer(error: Error): NoAnswer {
  if (error instanceof NoAnswer) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (CLOSED.test(code)) return new NoAnswer('closed', error.message, error);
  const tls = /^ERR_(?:SSL|TLS)|CERT|SELF_SIGNED|UNABLE_TO/.test(code) || code === 'EPROTO';
  return new NoAnswer(tls ? 'tls' : 'refused', error.message, error);
}
