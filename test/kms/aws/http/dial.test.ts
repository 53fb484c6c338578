import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createExchange, type Exchange } from '../../../../src/kms/aws/http/exchange.ts';
import { KMS_ERRORS } from '../../../../src/metrics/catalogue.ts';
import { createAuthority } from '../../../helpers/certificates.ts';
import { type RawServer, startRawServer } from '../../../helpers/raw-server.ts';

const authority = createAuthority();
const trusted = getCACertificates('default');
const open: { close(): unknown }[] = [];

/** Node.js can set them since 22.19 and 24.5. */
const trusting = it.skipIf(setDefaultCACertificates === undefined);
beforeAll(() => setDefaultCACertificates?.([...trusted, authority.cert]));
afterAll(() => setDefaultCACertificates?.(trusted));
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** Closes each connection after its answer, whose body describes the handshake. */
async function serve({ dns = 'localhost', by = authority } = {}): Promise<RawServer> {
  const { cert, key } = by.issue({ dns: [dns], usage: 'server' });
  const server = await startRawServer(
    ({ socket }) => {
      const { servername, alpnProtocol } = socket as TLSSocket;
      const resumed = (socket as TLSSocket).isSessionReused();
      const body = JSON.stringify({ servername, alpnProtocol, resumed });
      const head = `connection: close\r\ncontent-length: ${body.length}\r\n`;
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`);
    },
    { tls: { cert, key, ALPNProtocols: ['h2', 'http/1.1'] } },
  );
  open.push(server);
  return server;
}

function exchangeTo({ url }: RawServer, host = 'localhost'): Exchange {
  const exchange = createExchange(new URL(`https://${host}:${url.port}`));
  open.unshift(exchange);
  return exchange;
}

const { signal } = new AbortController();
const post = async (exchange: Exchange) => {
  const { body } = await exchange.post({ headers: 'content-length: 2\r\n', body: '{}', signal });
  return JSON.parse(body) as unknown;
};

trusting('speaks HTTP/1.1 over TLS, and resumes the previous session', async () => {
  const exchange = exchangeTo(await serve());
  const handshake = { servername: 'localhost', alpnProtocol: 'http/1.1' };
  expect(await post(exchange)).toEqual({ ...handshake, resumed: false });
  for (let call = 0; call < 3; call += 1) {
    expect(await post(exchange)).toEqual({ ...handshake, resumed: true });
  }
});

trusting.each([
  ['another authority', { by: createAuthority({ commonName: 'Another CA' }) }, 'localhost'],
  ['another name', { dns: 'kms.example' }, 'localhost'],
  ['a name, not the address', {}, '127.0.0.1'],
])('refuses a certificate of %s', async (_, certificate, host) => {
  const server = await serve(certificate);
  await expect(post(exchangeTo(server, host))).rejects.toMatchObject({
    code: expect.stringMatching(
      /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|ERR_TLS_CERT_ALTNAME_INVALID)$/,
    ),
  });
});

trusting.each([
  ['is not valid yet', { notBefore: new Date(Date.now() + 60_000) }, 'CERT_NOT_YET_VALID'],
  ['is a client’s', { usage: 'client' as const }, 'INVALID_PURPOSE'],
])('names a certificate that %s by a code that an alert knows', async (_, wants, code) => {
  const { cert, key } = authority.issue({ dns: ['localhost'], ...wants });
  const server = await startRawServer(() => {}, { tls: { cert, key } });
  open.push(server);
  await expect(post(exchangeTo(server))).rejects.toMatchObject({ code });
  expect(KMS_ERRORS).toContain(code);
});

it('names whatever is not TLS as the SDK does', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const exchange = createExchange(new URL(`https://localhost:${port}`));
  open.unshift(exchange);
  await expect(post(exchange)).rejects.toMatchObject({ code: 'EPROTO' });
});
