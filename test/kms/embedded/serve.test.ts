import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEmbeddedKms } from '../../../src/kms/embedded/embedded.ts';
import { createEmbeddedHandler } from '../../../src/kms/embedded/serve.ts';

const embedded = createEmbeddedKms({
  region: 'eu-central-1',
  account: '111122223333',
  now: Date.now,
});
const server = createServer(
  createEmbeddedHandler({ embedded, onInternal: (_id, cause) => expect.unreachable(`${cause}`) }),
);

beforeAll(() => new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready)));
afterAll(() => new Promise((closed) => server.close(closed)));

async function ask(operation: string, body: string) {
  const { port } = server.address() as AddressInfo;
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `TrentService.${operation}`,
  };
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  return (await answer.json()) as unknown;
}

it.each(['Nope', '__proto__', 'toString'])(
  'says that there is no operation %s, whatever the body',
  async (operation) => {
    for (const body of ['{}', 'not json']) {
      expect(await ask(operation, body)).toEqual({ __type: 'UnknownOperationException' });
    }
  },
);

it('takes a member that is null for one that is not there', async () => {
  const { KeyMetadata } = (await ask('CreateKey', '{"Description":null,"Tags":null}')) as {
    KeyMetadata: object;
  };
  expect(KeyMetadata).toMatchObject({ Description: '', Enabled: true });
});

it('reads the body of an operation that there is', async () => {
  expect(await ask('ListKeys', 'not json')).toMatchObject({ __type: 'SerializationException' });
});
