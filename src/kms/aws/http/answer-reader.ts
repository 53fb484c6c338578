import { type AnswerHead, MOST_HEAD_BYTES, readHead } from './answer-head.ts';
import { type Body, createBody } from './body.ts';
import { malformed } from './trouble.ts';

/** A whole HTTP answer, as far as the protocol needs it. */
export interface HttpAnswer
  extends Pick<AnswerHead, 'status' | 'requestId' | 'errorType' | 'date' | 'idleMs'> {
  readonly body: string;
}

/** The state of reading one connection's answers, which come one after the other. */
export interface AnswerReader {
  headText: string;
  /** Of heads (1xx) before the one that counts. */
  interimBytes: number;
  head: AnswerHead | undefined;
  body: Body | undefined;
}

export const createAnswerReader = (): AnswerReader => ({
  headText: '',
  interimBytes: 0,
  head: undefined,
  body: undefined,
});

/**
 * Takes bytes, cut anywhere; the caller may reuse the buffer afterwards. Returns the answer once its last
 * byte is in; a byte beyond it is a fault. @throws KmsFault, after which the reader is unusable
 */
export function readAnswer(reader: AnswerReader, bytes: Buffer): HttpAnswer | undefined {
  const from = reader.head === undefined ? takeHead(reader, bytes) : 0;
  const { head } = reader;
  if (head === undefined) return undefined;
  if (reader.body === undefined) {
    // Nearly always the whole answer comes at once, and nothing of it has to be kept.
    const atOnce = !head.chunked && bytes.byteLength - from === head.bodyBytes;
    if (atOnce) return finish(reader, head, bytes.toString('utf8', from));
    reader.body = createBody(head);
  }
  const text = reader.body.take(bytes.subarray(from));
  return text === undefined ? undefined : finish(reader, head, text);
}

/** The answer that the end of the connection makes whole; undefined where it cuts one short. */
export function endAnswer(reader: AnswerReader): HttpAnswer | undefined {
  const { head, body } = reader;
  const text = body?.end();
  if (head === undefined || text === undefined) return undefined;
  return { ...finish(reader, head, text), idleMs: 0 };
}

/** Where the body begins, once a head is whole that is not an interim one. */
function takeHead(reader: AnswerReader, bytes: Buffer): number {
  for (let at = 0; ; ) {
    const before = reader.headText.length;
    const text = reader.headText + bytes.toString('latin1', at);
    const found = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    const end = found < 0 ? text.length : found + 4;
    if (reader.interimBytes + end > MOST_HEAD_BYTES) throw malformed('an endless head');
    if (found < 0) {
      reader.headText = text;
      return 0;
    }
    const head = readHead(text);
    reader.headText = '';
    at += end - before;
    if (head.status >= 200) {
      reader.head = head;
      return at;
    }
    if (head.status === 101) throw malformed('another protocol');
    reader.interimBytes += end;
  }
}

function finish(reader: AnswerReader, head: AnswerHead, body: string): HttpAnswer {
  const { status, requestId, errorType, date, idleMs } = head;
  reader.interimBytes = 0;
  reader.head = undefined;
  reader.body = undefined;
  return { status, requestId, errorType, date, idleMs, body };
}
