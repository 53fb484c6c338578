import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

interface RecordedRequest {
  readonly target: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const OK = {
  CiphertextBlob: 'AQIDBA==',
  SourceKeyId: 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  KeyId: 'arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321',
  SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
};

const error = (type: string, message: string, status = 400): Answer => ({
  status,
  body: { __type: type, message },
});

/** What the endpoint answers, by the first part of the path. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ok: { body: OK },
  min: { body: { CiphertextBlob: 'AQ==' } },
  empty: { body: {} },
  extra: {
    body: {
      ...OK,
      Zed: 1,
      SourceKeyMaterialId: '9'.repeat(64),
      DestinationKeyMaterialId: 'a'.repeat(64),
    },
  },
  null: { body: { ...OK, KeyId: null } },
  nums: { body: { ...OK, KeyId: 5, SourceKeyId: true, SourceEncryptionAlgorithm: 1.5 } },
  notjson: { body: 'hello' },
  list: { body: [1] },
  nums_blob: { body: { ...OK, CiphertextBlob: 5 } },
  unicode: { body: { ...OK, KeyId: 'é日本 \u0001x' } },
  notfound: error('NotFoundException', "Key 'arn:x' does not exist"),
  disabled: error('DisabledException', 'arn is disabled.'),
  icx: error('InvalidCiphertextException', ''),
  icx_nomsg: { status: 400, body: { __type: 'InvalidCiphertextException' } },
  dry: error(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  ),
  throttle: error('ThrottlingException', 'Rate exceeded'),
  internal: error('KMSInternalException', 'oops', 500),
  html500: { status: 500, body: '<html>x</html>' },
  empty500: { status: 500, body: '' },
  empty400: { status: 400, body: '' },
  text400: { status: 400, body: 'plain text' },
  json400: { status: 400, body: { foo: 'bar' } },
  Message: { status: 400, body: { __type: 'AccessDeniedException', Message: 'Cap M' } },
  hash: error('com.amazonaws.kms#NotFoundException', 'h'),
  colon: error('NotFoundException:http://x', 'c'),
  queryerr: { ...error('A', 'm'), headers: { 'x-amzn-query-error': 'Foo.Bar;Sender' } },
  access: error('AccessDeniedException', 'User: x is not authorized'),
  validation: error('ValidationException', '1 validation error detected: é'),
  unav503: error('Unavail', 'try', 503),
  longmsg: error('NotFoundException', 'x'.repeat(300)),
  multi: error('NotFoundException', 'line1\nline2\n'),
  extraerr: {
    status: 400,
    body: { __type: 'NotFoundException', message: 'm', Foo: 'bar', list: [1] },
  },
  limit: error('LimitExceededException', 'lim'),
  nulls: { status: 400, body: { __type: 'NotFoundException', message: null } },
  gone301: error('Moved', 'x', 301),
};

/** A KMS endpoint that records its requests; it never answers the path `silent`. */
export async function startAwsEndpoint() {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const target = String(request.headers['x-amz-target']);
      requests.push({ target, body: Buffer.concat(chunks).toString(), headers: request.headers });
      const name = request.url?.split('/')[1] || 'ok';
      if (name === 'silent') return;
      if (name === 'hangup') return void request.socket.destroy();
      const { status = 200, body, headers } = ANSWERS[name] ?? error('NoSuchAnswer', name);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
