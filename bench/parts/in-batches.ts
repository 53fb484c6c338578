import { type Client, createClient } from '../../src/client/create-client.ts';
import type { Lab } from '../lab.ts';
import { ROWS } from '../rows.ts';
import { median } from '../statistics.ts';

const ITEMS = 200;
const IN_FLIGHT = 64;
const ROUNDS = 3;
const CALLS_A_ROUND = 6_400;

const REQUEST = {
  ciphertextBlob: Buffer.alloc(184, 'ciphertext'),
  sourceKeyId: 'alias/demo-source',
  sourceEncryptionContext: { tenant: 'acme' },
  destinationKeyId: 'alias/demo-destination',
  destinationEncryptionContext: { tenant: 'acme' },
};

/** The proxy's CPU per batch item over that per call, in alternating rounds. */
export async function itemOverCall(lab: Lab): Promise<number> {
  const row = ROWS.find(({ id }) => id === 'proxy');
  if (!row) throw new Error('there is no row of the proxy');
  const { processes, target } = await row.start(lab);
  const client = createClient({ target: target.at(-1) ?? '' });
  const cpu = () => processes.reduce((sum, process) => sum + process.cpuMicroseconds(), 0);
  const cost = async (work: (client: Client) => Promise<void>) => {
    const before = cpu();
    await work(client);
    return cpu() - before;
  };
  try {
    const ratios: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const calls = await cost(inCalls);
      ratios.push((await cost(inBatches)) / calls);
    }
    // The first warms up.
    return median(ratios.slice(1));
  } finally {
    client.close();
    for (const process of processes) await process.stop();
  }
}

async function inCalls(client: Client): Promise<void> {
  const worker = async () => {
    for (let call = 0; call < CALLS_A_ROUND / IN_FLIGHT; call += 1) await client.reEncrypt(REQUEST);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** Two batches at a time: enough for a principal to have 64 items in flight. */
async function inBatches(client: Client): Promise<void> {
  const items = Array.from({ length: ITEMS }, (_, n) => ({ reference: `${n}`, request: REQUEST }));
  const worker = async () => {
    for (let batch = 0; batch < CALLS_A_ROUND / ITEMS / 2; batch += 1) {
      const results = await client.batchReEncrypt(items);
      for (const { refused } of results) if (refused) throw refused;
    }
  };
  await Promise.all([worker(), worker()]);
}
