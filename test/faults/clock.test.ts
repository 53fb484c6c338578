import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { TRANSPORTS } from '../helpers/aws-proxy.ts';
import { type Captured, FAKE_REGION, type FakeKms, startFakeKms } from '../helpers/fake-kms.ts';
import { closeAll, connect, reEncrypt } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../interop/helpers/proxy.ts';
import { describeWith, runTool } from '../interop/helpers/tools.ts';
import { createWorld } from '../simulation/world.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { codeOf, REQUEST } from './kms/rounds.ts';
import { reportTrials, SEED, trials } from './trials.ts';

const HOUR_MS = 3_600_000;
/** How far a signature's date may be from KMS's own. */
const SKEW_MS = 300_000;

describeWith(['faketime'], 'a clock that jumps', () => {
  let clock: FakeClock;
  let kms: FakeKms;

  beforeAll(async () => {
    clock = createFakeClock();
    kms = await startFakeKms();
  });
  afterAll(async () => {
    await kms.close();
    clock.remove();
  });

  test.each(TRANSPORTS)(
    'F15: changes no order, duration or promise, and signatures follow it (%s transport)',
    async (transport) => {
      const count = trials(50);
      const world = createWorld(SEED);
      const proxy = await start(kms, clock, [`kms.aws.transport=${transport}`]);
      const client = connect(proxy.grpc);
      let [refused, slowest] = [0, 0];
      kms.watch((captured) => {
        if (Math.abs(dateOf(captured) - Date.now()) < SKEW_MS) return;
        kms.next({ kind: 'error', name: 'InvalidSignatureException' }, captured.operation);
        refused += 1;
      });
      for (let trial = 0; trial < count; trial += 1) {
        const held = await startHeld(client, kms);
        clock.set(world.pick([HOUR_MS, -HOUR_MS, world.between(-60_000, 60_000), 0]));
        expect(await held.code).toBe('OK');
        const started = performance.now();
        await expect.poll(() => codeOf(reEncrypt(client, REQUEST)), { timeout: 3000 }).toBe('OK');
        slowest = Math.max(slowest, performance.now() - started);
      }
      kms.watch(undefined);
      closeAll(client);
      expect(await proxy.child.stop()).toBe(0);
      expectSound(proxy);
      await proxy.stop();
      reportTrials({
        fault: `F15 ${transport}, well after ${Math.round(slowest)} ms, ${refused} signatures out of time`,
        trials: count,
        injections: count,
      });
    },
  );
});

/** A call that has reached KMS, which answers only after a while. */
async function startHeld(client: ReEncryptServiceClient, kms: FakeKms) {
  kms.forget();
  kms.next({ kind: 'answer', delayMs: 100 }, 'ReEncrypt');
  const code = codeOf(reEncrypt(client, REQUEST, 2000));
  const arrived = () => kms.requests.some(({ operation }) => operation === 'ReEncrypt');
  await expect.poll(arrived, { interval: 5 }).toBe(true);
  return { code };
}

/** A proxy's log, once it has ended, is intact and in order, with one outcome per call. */
function expectSound(proxy: RunningProxy): void {
  const entries = proxy.auditEntries();
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, n) => n));
  const ends = entries.filter(({ kind }) => kind === 'outcome');
  expect(ends.length).toBe(entries.filter(({ kind }) => kind === 'intent').length);
  // Only what KMS answered has a latency.
  const latencies = ends.map(({ kms }) => (kms as { latency_ns: number } | undefined)?.latency_ns);
  for (const ns of latencies.filter((one) => one !== undefined)) {
    expect(ns).toBeGreaterThan(0);
    expect(ns).toBeLessThan(2e9);
  }
  const file = `${proxy.folder}/audit.jsonl`;
  expect(runTool('node', ['src/main.ts', 'audit', 'verify', file])).toContain('intact');
}

function start(
  kms: FakeKms,
  clock: FakeClock,
  settings: readonly string[],
  env: Readonly<Record<string, string>> = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
  },
): Promise<RunningProxy> {
  clock.set(0);
  return startProxy({
    settings: [
      'kms.backend=aws',
      `kms.aws.endpoint=${kms.url}`,
      `kms.aws.region=${FAKE_REGION}`,
      'policy.source=test/fixtures/policies/echo/bundle.tar.gz',
      ...settings,
    ],
    env: { ...clock.env, ...env },
  });
}

/** Milliseconds since the Unix epoch. */
function dateOf({ headers }: Captured): number {
  const iso = String(headers['x-amz-date']).replace(
    /^(....)(..)(..)T(..)(..)(..)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  return Date.parse(iso);
}
