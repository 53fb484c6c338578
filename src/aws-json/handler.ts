import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createBodies } from './bodies.ts';
import { type ToldFault, toFault } from './fault.ts';
import { type AwsRequest, readRequest } from './read-request.ts';

interface JsonHandlerOptions {
  /** Answers with the members of the reply, or throws an error with AWS's name and an HTTP status. */
  answer(request: AwsRequest): unknown;
  /** Gets unexpected errors, only for the log. */
  onInternal(requestId: string, cause: unknown): void;
  newRequestId?(): string;
}

/** KMS's side of AWS's JSON 1.1 protocol, as a listener for node:http. */
export function createAwsJsonHandler(options: JsonHandlerOptions): RequestListener {
  const { answer, onInternal, newRequestId = randomUUID } = options;
  const readBody = createBodies();
  return (message, response) => {
    const requestId = newRequestId();
    const signal = abortedWithoutAnswer(response);
    const read = { requestId, signal, readBody };
    const serve = async () => answer(await readRequest(message, read));
    serve().then(
      (members) => write(response, { status: 200, requestId, members }),
      (thrown) => {
        const fault = toFault(thrown);
        if (!fault) onInternal(requestId, thrown);
        writeFault(message, response, { fault: fault ?? UNFORESEEN, requestId });
      },
    );
  };
}

const UNFORESEEN: ToldFault = {
  code: 'KMSInternalException',
  message: 'The request failed; the reason is in the log.',
  httpStatus: 500,
};

interface Reply {
  readonly status: number;
  readonly requestId: string;
  readonly members: unknown;
}

/** Operations without an answer have an empty body. */
function write(response: ServerResponse, { status, requestId, members }: Reply): void {
  const empty =
    typeof members !== 'object' || members === null || Object.keys(members).length === 0;
  const body = Buffer.from(empty ? '' : JSON.stringify(members));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': body.length,
    'x-amzn-requestid': requestId,
    'cache-control': 'no-store',
  });
  response.end(body);
}

function writeFault(
  message: IncomingMessage,
  response: ServerResponse,
  { fault, requestId }: { fault: ToldFault; requestId: string },
): void {
  if (response.destroyed) return;
  // No other request can follow a body that was not read to its end.
  if (!message.complete) response.setHeader('connection', 'close');
  const { code, message: text, httpStatus: status } = fault;
  const members = { __type: code, ...(text !== '' && { [messageMember(code)]: text }) };
  write(response, { status, requestId, members });
}

/** AWS's own layers differ in the spelling; SDKs read both. */
function messageMember(code: string): 'Message' | 'message' {
  return CAPITAL.has(code) ? 'Message' : 'message';
}

const CAPITAL = new Set(['AccessDeniedException', 'SerializationException']);

function abortedWithoutAnswer(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
