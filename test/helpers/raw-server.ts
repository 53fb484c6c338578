import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';

/** A whole request as it came over one connection. */
export interface RawRequest {
  readonly text: string;
  readonly socket: Socket;
  /** 0 for the first connection that was made. */
  readonly connection: number;
}

export interface RawServer {
  readonly url: URL;
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

/**
 * A server of bytes: it reads HTTP requests and leaves the writing to `answer`, which may write what
 * no HTTP server would.
 */
export async function startRawServer(
  answer: (request: RawRequest) => void,
  { tls, onConnection }: { tls?: TlsOptions; onConnection?: (socket: Socket) => void } = {},
): Promise<RawServer> {
  const sockets: Socket[] = [];
  const take = (socket: Socket | TLSSocket) => {
    const connection = sockets.push(socket) - 1;
    let text = '';
    socket.on('error', () => {});
    socket.setNoDelay(true).on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = endOf(text); end > 0 && end <= text.length; end = endOf(text)) {
        const whole = Buffer.from(text.slice(0, end), 'latin1').toString('utf8');
        text = text.slice(end);
        answer({ text: whole, socket, connection });
      }
    });
    onConnection?.(socket);
  };
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`),
    sockets,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function endOf(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, head + 1))?.[1];
  return head < 0 ? 0 : head + 4 + Number(length ?? 0);
}
