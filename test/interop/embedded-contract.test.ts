import { afterAll, beforeAll, describe } from 'vitest';
import { ALICE, type Driver, REGION, STRANGER } from '../kms/contract/driver.ts';
import { sdkDriver } from '../kms/contract/sdk-driver.ts';
import { kmsContract } from '../kms/contract/suite.ts';
import { type Child, startChild } from './helpers/child.ts';
import { startEmbeddedKms } from './helpers/embedded-kms.ts';
import { freePort } from './helpers/ports.ts';
import { untilReady } from './helpers/proxy.ts';
import { describeWith } from './helpers/tools.ts';
import { MOTO_DIFFERS } from './moto-differs.ts';

describe('embedded-kms, a process of its own', () => {
  let running: Awaited<ReturnType<typeof startEmbeddedKms>>;
  let driver: Driver;
  beforeAll(async () => {
    running = await startEmbeddedKms(['--account', '111122223333', '--region', REGION]);
    driver = sdkDriver({
      endpoint: running.endpoint,
      region: REGION,
      account: '111122223333',
      accessKeys: { [ALICE]: 'AKIDALICE', [STRANGER]: 'AKIDSTRANGER' },
    });
  });
  afterAll(() => running.stop());

  kmsContract(() => driver);
});

describeWith(['python3'], 'moto, except for what it gets wrong', () => {
  let moto: Child;
  let driver: Driver;
  beforeAll(async () => {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    moto = startChild('moto_server', ['-H', '127.0.0.1', '-p', `${port}`]);
    await untilReady(`${endpoint}/moto-api/`, moto);
    driver = sdkDriver({ endpoint, region: REGION, account: '123456789012' });
  });
  afterAll(() => moto.stop());

  kmsContract(() => driver, { differs: MOTO_DIFFERS });
});
