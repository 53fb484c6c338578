import { malformed } from './trouble.ts';

/** What the head of an answer says, as far as anything here needs it. */
export interface AnswerHead {
  readonly status: number;
  /** `x-amzn-requestid`, or ''. */
  readonly requestId: string;
  /** `x-amzn-errortype`, or ''. */
  readonly errorType: string;
  /** `date`, or ''. */
  readonly date: string;
  readonly chunked: boolean;
  /** Of the body, where it is not chunked; Infinity: up to the end of the connection. */
  readonly bodyBytes: number;
  /** How long the connection may stay idle afterwards; 0: no other request may use it. */
  readonly idleMs: number;
}

export const MOST_HEAD_BYTES = 16 * 1024;
/**
 * KMS's largest answer is a page of 50 tags, 115 kB if every character is escaped. To parse a megabyte of
 * brackets would hold up every call for 50 ms.
 */
export const MOST_BODY_BYTES = 128 * 1024;
export const TOO_LARGE = 'more than 128 KiB';

/** Every byte up to the empty line: no folded line, no control character, no bare CR or LF. */
const HEAD =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t -~\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n)*\r\n/;

/**
 * The head that `text` (bytes as latin1) begins with, by RFC 9112 but without its leniency for
 * recipients: where an answer ends must be unambiguous. @throws KmsFault
 */
export function readHead(text: string): AnswerHead {
  if (!HEAD.test(text)) throw malformed('what is not a head of HTTP/1');
  const fields = readFields(text);
  const { length, chunked } = fields;
  if (length !== undefined && chunked) throw malformed('two lengths');
  const http10 = text.startsWith('HTTP/1.0');
  if (http10 && chunked) throw malformed('a coding that HTTP/1.0 has not');
  const status = Number(text.slice(9, 12));
  const { requestId, errorType, date } = fields;
  const bodiless = status < 200 || status === 204 || status === 304;
  return {
    status,
    requestId,
    errorType,
    date,
    chunked: chunked && !bodiless,
    bodyBytes: bodiless ? 0 : (length ?? Number.POSITIVE_INFINITY),
    idleMs: http10 ? 0 : fields.idleMs,
  };
}

interface Fields {
  requestId: string;
  errorType: string;
  date: string;
  chunked: boolean;
  length: number | undefined;
  idleMs: number;
}

/** An object for all fields, and none for each: an answer of KMS has seven and more. */
function readFields(text: string): Fields {
  const fields: Fields = {
    requestId: '',
    errorType: '',
    date: '',
    chunked: false,
    length: undefined,
    idleMs: Number.POSITIVE_INFINITY,
  };
  let at = text.indexOf('\r\n') + 2;
  for (let end = text.indexOf('\r\n', at); end > at; end = text.indexOf('\r\n', at)) {
    const colon = text.indexOf(':', at);
    readField(fields, text.slice(at, colon).toLowerCase(), text.slice(colon + 1, end));
    at = end + 2;
  }
  return fields;
}

function readField(fields: Fields, name: string, value: string): void {
  switch (name) {
    case 'x-amzn-requestid':
      fields.requestId = trim(value);
      break;
    case 'x-amzn-errortype':
      fields.errorType = trim(value);
      break;
    case 'date':
      fields.date = trim(value);
      break;
    case 'content-length':
      if (fields.length !== undefined || !LENGTH.test(value)) throw malformed('no clear length');
      fields.length = Number(value);
      if (fields.length > MOST_BODY_BYTES) throw malformed(TOO_LARGE);
      break;
    case 'transfer-encoding':
      if (fields.chunked || !CHUNKED.test(value)) throw malformed('a coding other than chunked');
      fields.chunked = true;
      break;
    case 'connection':
      if (CLOSE.test(value)) fields.idleMs = 0;
      break;
    case 'keep-alive':
      fields.idleMs = Math.min(fields.idleMs, idleMsOf(value));
      break;
  }
}

/**
 * Not `String.trim`, which also removes NBSP, and not a pattern with `$`, which on ten thousand blanks
 * would search for the end again from each one.
 */
function trim(value: string): string {
  let from = 0;
  let to = value.length;
  while (isBlank(value[from])) from += 1;
  while (to > from && isBlank(value[to - 1])) to -= 1;
  return value.slice(from, to);
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';

const LENGTH = /^[\t ]*\d{1,15}[\t ]*$/;
const CHUNKED = /^[\t ]*chunked[\t ]*$/i;
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;
const TIMEOUT = /(?:^|,)[\t ]*timeout=(\d{1,9})[\t ]*(?:,|$)/i;

/** The server's idle time starts when it writes, ours when we read: a second of margin for the transit. */
const MARGIN_MS = 1000;

function idleMsOf(keepAlive: string): number {
  const seconds = TIMEOUT.exec(keepAlive)?.[1];
  if (seconds === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(0, Number(seconds) * 1000 - MARGIN_MS);
}
