import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe } from 'vitest';
import { createEmbeddedKms } from '../../../src/kms/embedded/embedded.ts';
import { readSeed } from '../../../src/kms/embedded/seed.ts';
import { createEmbeddedHandler } from '../../../src/kms/embedded/serve.ts';
import { ACCOUNT, ALICE, type Driver, REGION, STRANGER } from './driver.ts';
import { sdkDriver } from './sdk-driver.ts';
import { kmsContract } from './suite.ts';

describe('the embedded KMS over HTTP, through the AWS SDK', () => {
  const embedded = createEmbeddedKms({
    region: REGION,
    account: ACCOUNT,
    now: Date.now,
    seed: readSeed('test/kms/contract/seed.yaml'),
  });
  const onInternal = (_id: string, cause: unknown) => console.error(cause);
  const server = createServer(createEmbeddedHandler({ embedded, onInternal }));
  let driver: Driver;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    driver = sdkDriver({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: REGION,
      account: ACCOUNT,
      accessKeys: { [ALICE]: 'AKIDALICE', [STRANGER]: 'AKIDSTRANGER' },
    });
  });
  afterAll(() => server.close());

  kmsContract(() => driver, { quick: true });
});
