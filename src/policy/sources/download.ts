import { Buffer } from 'node:buffer';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { takePieces } from '../../pieces.ts';
import { BundleFault } from '../bundle/fault.ts';

/** PEM of the authorities and of the proxy's own certificate. */
export interface ServiceTls {
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

interface DownloadOptions {
  readonly url: string;
  /** The URL as it may appear in messages. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly tls?: ServiceTls | undefined;
}

interface Downloaded {
  readonly status: number;
  /** '' if the answer has none. */
  readonly etag: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Interim answers (1xx) before the one that counts; each costs as much as an answer, and no size bounds them. */
const MOST_INTERIM = 10;
/** A chunk of a byte costs as much as any: after so many, they must have this many bytes on average. */
const FEW_PIECES = 10_000;
const LEAST_PIECE = 256;
const NO_ANSWER = `the bundle service sends more than ${MOST_INTERIM} interim answers and no other`;

/** One GET, bounded in time and size, that follows no redirect. @throws BundleFault */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { name, maxBytes, signal } = options;
  try {
    const answer = await ask(options);
    const body = await readAll(answer, maxBytes);
    return {
      status: answer.statusCode ?? 0,
      etag: answer.headers.etag ?? '',
      contentType: answer.headers['content-type'] ?? '',
      body,
    };
  } catch (cause) {
    if (cause instanceof BundleFault) throw cause;
    const why = signal.aborted ? 'no whole answer in time' : wordOf(cause);
    throw new BundleFault(`the bundle service at ${name} cannot be asked: ${why}`, { cause });
  }
}

function ask({ url, name, headers, signal, tls }: DownloadOptions): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    let interim = 0;
    const asked = request(url, { headers, signal, agent: false, ...tls }, resolve)
      .on('error', reject)
      .on('information', () => {
        interim += 1;
        if (interim > MOST_INTERIM) asked.destroy(new BundleFault(NO_ANSWER));
      })
      // Where the service asks for another protocol, Node reports no error, not even once the signal aborts.
      .on('close', () => reject(new BundleFault(`the bundle service does not answer for ${name}`)));
    asked.end();
  });
}

async function readAll(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  await takePieces(answer, (piece) => {
    length += piece.length;
    pieces.push(piece);
    if (length > maxBytes) throw sends(`more than ${maxBytes} bytes`);
    if (pieces.length > FEW_PIECES + length / LEAST_PIECE) throw sends('a few bytes at a time');
  });
  return Buffer.concat(pieces);
}

function sends(what: string): BundleFault {
  return new BundleFault(`the bundle service sends ${what}`);
}

/** Only the name of a failure, because its text could quote a header or the URL. */
function wordOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}
