import type { EventEmitter } from 'node:events';
import { type ClientHttp2Stream, connect } from 'node:http2';
import { connect as net } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import { PREFACE, SETTINGS } from '../../faults/attack/frames.ts';
import { createCaller, createDoor } from '../listener/harness.ts';

export const HEADERS = {
  ':method': 'POST',
  ':path': '/test.Door/WhoAmI',
  'content-type': 'application/grpc',
  te: 'trailers',
};

/** Each test of the file that calls this has an open door, a connection to it, and a caller on another one. */
export function useDoor() {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    const { session, caller, door } = opened;
    session.destroy();
    caller.close();
    await door.close();
  });
  return {
    get door() {
      return opened.door;
    },
    get address() {
      return opened.address;
    },
    get session() {
      return opened.session;
    },
    get caller() {
      return opened.caller;
    },
    halfCall(bytes = 3, over = opened.session): ClientHttp2Stream {
      const half = over.request(HEADERS);
      half.on('error', () => {});
      half.write(Buffer.concat([Buffer.from([0, 0, 15, 0, 0]), Buffer.alloc(bytes)]));
      return half;
    },
    wholeCall(): ClientHttp2Stream {
      const whole = opened.session.request(HEADERS);
      whole.end(Buffer.alloc(5));
      return whole.resume();
    },
    /** A connection that has sent all this in one piece. */
    frames(said: readonly Buffer[]) {
      const { port } = new URL(`http://${opened.address}`);
      const socket = net(Number(port), '127.0.0.1');
      const received: Buffer[] = [];
      socket.on('error', () => {});
      socket.on('data', (bytes) => received.push(bytes));
      socket.write(Buffer.concat([PREFACE, SETTINGS, ...said]));
      return {
        closed: closing(socket),
        received: () => Buffer.concat(received).toString('latin1'),
        end: () => socket.destroy(),
      };
    },
  };
}

async function open() {
  const door = createDoor();
  const { address } = await door.open();
  const session = connect(`http://${address}`);
  session.on('error', () => {});
  return { door, address, session, caller: createCaller(address) };
}

export function closing(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}
