import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TRANSPORTS } from '../helpers/aws-proxy.ts';
import { FAKE_REGION, type FakeKms, startFakeKms } from '../helpers/fake-kms.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../interop/helpers/proxy.ts';
import { describeWith } from '../interop/helpers/tools.ts';
import { type CredentialsProvider, startCredentialsProvider } from './credentials-provider.ts';
import { createFakeClock } from './fake-clock.ts';
import { REQUEST, untilWell } from './kms/rounds.ts';
import { reportTrials, trials } from './trials.ts';

/** How credentials expire. */
interface Ageing {
  readonly provider: CredentialsProvider;
  readonly transport: string;
  readonly env?: Readonly<Record<string, string>>;
  now(): number;
  pass(): Promise<void> | void;
}

/** Longer than the 3 s that the proxy gives a credentials service. */
const DEADLINE_MS = 4500;
let kms: FakeKms;

beforeAll(async () => {
  kms = await startFakeKms();
});
afterAll(() => kms.close());

function startOn({ provider, transport, env }: Omit<Ageing, 'now' | 'pass'>) {
  return startProxy({
    settings: [
      'kms.backend=aws',
      `kms.aws.endpoint=${kms.url}`,
      `kms.aws.region=${FAKE_REGION}`,
      `kms.aws.transport=${transport}`,
      'policy.source=test/fixtures/policies/echo/bundle.tar.gz',
    ],
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: provider.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
  });
}

/** Lets credentials expire while none can be fetched, `count` times; resolves to the refused calls. */
async function letThemEnd(count: number, ageing: Ageing): Promise<number> {
  const { provider } = ageing;
  const proxy = await startOn(ageing);
  const client = connect(proxy.grpc);
  const stale: string[] = [];
  kms.watch(({ headers }) => {
    const id = /Credential=(\w+)\//.exec(String(headers.authorization))?.[1] ?? '';
    if (provider.endOf(id) < ageing.now()) stale.push(id);
  });
  let refused = 0;
  for (let trial = 0; trial < count; trial += 1) {
    provider.mode = 'serves';
    await untilWell(client);
    provider.mode = trial % 2 === 0 ? 'fails' : 'hangs';
    await ageing.pass();
    const started = performance.now();
    const told = await refusalOf(reEncrypt(client, REQUEST, DEADLINE_MS));
    expect(performance.now() - started).toBeLessThan(DEADLINE_MS);
    expect([status[told.code], told.reason]).toEqual(['UNAVAILABLE', 'PROXY_CREDENTIALS']);
    refused += 1;
  }
  provider.mode = 'serves';
  await untilWell(client);
  expect(stale).toEqual([]);
  kms.watch(undefined);
  closeAll(client);
  await proxy.stop();
  provider.close();
  return refused;
}

test.each(TRANSPORTS)(
  'callers with less time than a source that hangs are told of credentials, and the breaker stays closed (%s transport)',
  async (transport) => {
    const provider = await startCredentialsProvider(1_500, Date.now);
    const proxy = await startOn({ provider, transport });
    const client = connect(proxy.grpc);
    await untilWell(client);
    provider.mode = 'hangs';
    await sleep(1_550);
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 20 }, () => refusalOf(reEncrypt(client, REQUEST, 2_400)));
      await Promise.all(calls);
    }
    const page = await (await fetch(`${proxy.probe}/metrics`)).text();
    expect(page).toMatch(/^kms_reencrypt_breaker_open 0$/m);
    const reasons = proxy.auditEntries().map((entry) => (entry['outcome'] as Outcome)?.reason);
    expect(reasons).toContain('PROXY_CREDENTIALS');
    expect(reasons).not.toContain('KMS_UNAVAILABLE');
    closeAll(client);
    await proxy.stop();
    provider.close();
  },
);

test.each(TRANSPORTS)(
  'credentials that are past by our clock are used, and their source is asked no more for it (%s transport)',
  async (transport) => {
    const provider = await startCredentialsProvider(-7_200_000, Date.now);
    const proxy = await startOn({ provider, transport });
    const client = connect(proxy.grpc);
    await untilWell(client);
    const until = performance.now() + 3_000;
    while (performance.now() < until) await reEncrypt(client, REQUEST, DEADLINE_MS);
    expect(provider.asked).toBeLessThanOrEqual(2);
    closeAll(client);
    await proxy.stop();
    provider.close();
  },
);

interface Outcome {
  readonly reason?: string;
}

const report = (how: string, count: number, refused: number): void =>
  reportTrials({ fault: `F11 ${how}`, trials: count, injections: refused });

test.each(TRANSPORTS)(
  'F11: calls are refused, and nothing signed, while expired credentials cannot be renewed, and service then resumes (%s transport)',
  async (transport) => {
    // So short that every call has to renew them; none may sign when older than this.
    const lifeMs = 1500;
    const provider = await startCredentialsProvider(lifeMs, Date.now);
    const pass = () => sleep(lifeMs + 50);
    const count = trials(13);
    const refused = await letThemEnd(count, { provider, transport, now: Date.now, pass });
    report(`time passes, ${transport}`, count, refused);
  },
);

describeWith(['faketime'], 'F11 by the clock', () => {
  test.each(TRANSPORTS)(
    'a clock that jumps past the end of credentials expires them at once (%s transport)',
    async (transport) => {
      const hourMs = 3_600_000;
      const clock = createFakeClock();
      const { env, now } = clock;
      const provider = await startCredentialsProvider(hourMs, now);
      let offset = 0;
      const pass = () => {
        offset += 2 * hourMs;
        clock.set(offset);
      };
      const count = trials(13);
      const refused = await letThemEnd(count, { provider, transport, env, now, pass });
      clock.remove();
      report(`clock jumps, ${transport}`, count, refused);
    },
  );

  test('a renewal that fails is logged and reported while calls still work', async () => {
    const clock = createFakeClock();
    const provider = await startCredentialsProvider(3_600_000, clock.now);
    const proxy = await startOn({ provider, transport: 'direct', env: clock.env });
    const client = connect(proxy.grpc);
    const failing = async () => {
      const page = await (await fetch(`${proxy.probe}/metrics`)).text();
      return /^kms_reencrypt_credentials_failing (\d)$/m.exec(page)?.[1];
    };
    await reEncrypt(client, REQUEST, DEADLINE_MS);
    expect(await failing()).toBe('0');
    provider.mode = 'fails';
    clock.set(50 * 60_000);
    await expect
      .poll(() => reEncrypt(client, REQUEST, DEADLINE_MS).then(failing), { interval: 500 })
      .toBe('1');
    await proxy.child.matches(/the AWS credentials that end at .* could not be renewed: /);
    closeAll(client);
    await proxy.stop();
    provider.close();
    clock.remove();
  });
});
