import { afterAll, beforeAll, describe } from 'vitest';
import { createEmbeddedKms } from '../../../src/kms/embedded/embedded.ts';
import { readSeed } from '../../../src/kms/embedded/seed.ts';
import { serveEmbedded } from '../../helpers/embedded-server.ts';
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
  let server: Awaited<ReturnType<typeof serveEmbedded>>;
  let driver: Driver;

  beforeAll(async () => {
    server = await serveEmbedded(embedded);
    driver = sdkDriver({
      endpoint: server.url,
      region: REGION,
      account: ACCOUNT,
      accessKeys: { [ALICE]: 'AKIDALICE', [STRANGER]: 'AKIDSTRANGER' },
    });
  });
  afterAll(() => server.close());

  kmsContract(() => driver, { quick: true });
});
