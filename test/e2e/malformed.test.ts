import { Buffer } from 'node:buffer';
import { type ClientHttp2Session, connect } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { framed, sendRaw } from '../helpers/raw-call.ts';

const SERVICE = '/kms.reencrypt.v1.ReEncryptService';
const HEALTH = '/grpc.health.v1.Health';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A field of 255 bytes that is cut off. */
const CUT = Buffer.from([0x0a, 0xff]);

let proxy: RunningProxy;
let session: ClientHttp2Session;

beforeAll(async () => {
  proxy = await startProxy();
  session = connect(`http://${proxy.endpoint}`);
});

afterAll(async () => {
  session.destroy();
  await proxy.stop();
});

interface Told {
  readonly code: number;
  readonly text: string;
  readonly decisionId: unknown;
}

/** Sends bytes to a method over the one connection, and returns the status. */
async function send(path: string, bytes: Buffer, headers?: Record<string, string>): Promise<Told> {
  const told = await sendRaw(session, path, bytes, headers);
  const [code, text] = [Number(told['grpc-status']), decodeURI(String(told['grpc-message']))];
  return { code, text, decisionId: told['decision_id'] };
}

/** A field that holds these bytes. */
function message(field: number, body: Buffer): Buffer {
  const size = [(body.length & 127) | 128, ((body.length >> 7) & 127) | 128, body.length >> 14];
  return Buffer.concat([Buffer.from([8 * field + 2, ...size]), body]);
}

describe('a message that cannot be decoded', () => {
  test.each(['ReEncrypt', 'BatchReEncrypt', 'StreamReEncrypt', 'CheckReEncrypt'])(
    'is the caller’s mistake for %s',
    async (method) => {
      expect(await send(`${SERVICE}/${method}`, framed(CUT))).toEqual({
        code: status.INVALID_ARGUMENT,
        text: 'request must be a message of this method’s type',
        decisionId: expect.stringMatching(UUID),
      });
    },
  );

  test.each(['Check', 'Watch'])('is refused by the health service’s %s', async (method) => {
    const { code, text } = await send(`${HEALTH}/${method}`, framed(CUT));
    expect([code, text]).toEqual([status.INVALID_ARGUMENT, 'request must be a health request']);
  });

  test.each(['Nope', '__proto__'])(
    'does not matter if nothing is served: %s is UNIMPLEMENTED',
    async (method) => {
      for (const bytes of [framed(CUT), framed(CUT, { length: 100 }), Buffer.alloc(0)]) {
        expect(await send(`${SERVICE}/${method}`, bytes)).toMatchObject({
          code: status.UNIMPLEMENTED,
        });
      }
    },
  );

  test.each([
    ['ReEncrypt', Buffer.concat(Array(2034).fill(Buffer.from('\x12\x04\x0a\x00\x12\x00')))],
    ['CheckReEncrypt', message(1, Buffer.alloc(12_202, '\x48\x00'))],
    // Packed numbers, each of which becomes a value; and a map entry that repeats its value.
    ['StreamReEncrypt', message(2, message(10, Buffer.alloc(6100)))],
    ['StreamReEncrypt', message(2, message(2, Buffer.alloc(12_202, '\x12\x00')))],
  ])('is refused undecoded if it has very many fields, for %s', async (method, bytes) => {
    expect(await send(`${SERVICE}/${method}`, framed(bytes))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      text: 'request must have at most 6100 fields',
    });
  });

  test('is refused if a field’s tag has another type, so that its bytes mean something else', async () => {
    // A reader that follows the tags sees two fields here; protobufjs reads a map entry for each.
    const hidden = message(15, Buffer.concat(Array(2034).fill(message(2, Buffer.alloc(0)))));
    const pair = Buffer.concat([Buffer.from([0x15, hidden.length % 128, 0, 0, 0]), hidden]);
    expect(
      await send(`${SERVICE}/ReEncrypt`, framed(Buffer.concat([pair, Buffer.alloc(6100)]))),
    ).toMatchObject({
      code: status.INVALID_ARGUMENT,
      text: 'request must be a message of this method’s type',
    });
  });

  test('is counted in the log as turned away', async () => {
    await send(`${SERVICE}/ReEncrypt`, framed(CUT));
    await expect
      .poll(() => proxy.entries().map((entry) => entry['turned_away']))
      .toContainEqual({ reason: 'INVALID_REQUEST', count: expect.any(Number) });
  });
});

describe('grpc-timeout', () => {
  test.each(['-5S', '5s', '5', 'S', '1.5S', '100m;x', '5S, 6S', '999999999S'])(
    'that is malformed, such as %s, is refused by name',
    async (timeout) => {
      const told = await send(`${SERVICE}/ReEncrypt`, framed(CUT), { 'grpc-timeout': timeout });
      expect(told).toMatchObject({ code: status.INVALID_ARGUMENT });
      const empty = await send(`${SERVICE}/ReEncrypt`, framed(Buffer.alloc(0)), {
        'grpc-timeout': timeout,
      });
      expect(empty).toEqual({
        code: status.INVALID_ARGUMENT,
        text: 'grpc-timeout must be up to 8 digits and one of the units H, M, S, m, u, n',
        decisionId: expect.stringMatching(UUID),
      });
    },
  );

  test.each(['597H', '99999999H', '99999999M', '99999999S', '99999999m', '99999999u', '99999999n'])(
    'of %s is accepted, without a warning from a timer',
    async (timeout) => {
      const warnings: string[] = [];
      const heard = ({ name }: Error) => void warnings.push(name);
      process.on('warning', heard);
      onTestFinished(() => void process.off('warning', heard));
      const told = await send(`${SERVICE}/ReEncrypt`, framed(Buffer.alloc(0)), {
        'grpc-timeout': timeout,
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(told.text).toMatch(/^destination_key_id must/);
      expect(warnings).toEqual([]);
    },
  );
});

describe('the health service', () => {
  test('refuses very long names, and does not echo unknown ones', async () => {
    const long = Buffer.concat([Buffer.from([0x0a, 0xc0, 0x9a, 0x0c]), Buffer.alloc(200_000, 'a')]);
    expect((await send(`${HEALTH}/Watch`, framed(long))).code).toBe(status.INVALID_ARGUMENT);
    const unknown = framed(Buffer.from([0x0a, 0x01, 0x61]));
    expect(await send(`${HEALTH}/Check`, unknown)).toMatchObject({
      code: status.NOT_FOUND,
      text: 'There is no such service here.',
    });
  });
});
