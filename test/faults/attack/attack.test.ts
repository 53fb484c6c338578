import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from '../../interop/helpers/proxy.ts';
import { slowness } from '../slowness.ts';
import { reportTrials } from '../trials.ts';
import { ATTACKS } from './attacks.ts';
import { startProber } from './prober.ts';

/** Connections that the proxy may have at once: the prober’s, and what attackers get. */
const CAP = 200;

/** Memory that may stay in use after an attack, and at its peak. */
const KEPT_MIB = 100;
const PEAK_MIB = 250;

/** Of the honest client's calls, on two cores that attacker and proxy share. */
const P99_MS = 1500;

let proxy: RunningProxy;
let port: number;

beforeAll(async () => {
  proxy = await startProxy({ settings: [`grpc.connections.max=${CAP}`] });
  port = Number(proxy.grpc.split(':')[1]);
});

afterAll(() => proxy.stop());

const openFiles = (): number => readdirSync(`/proc/${proxy.child.pid}/fd`).length;

function residentMiB(): number {
  const status = readFileSync(`/proc/${proxy.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Calls that have started and not ended, by the proxy's own count. */
async function inFlight(): Promise<number> {
  const text = await (await fetch(`${proxy.probe}/metrics`)).text();
  return Number(/^kms_reencrypt_in_flight_calls\{transport="grpc"\} (\d+)$/m.exec(text)?.[1]);
}

test.each(Object.entries(ATTACKS))(
  '%s: no other client notices, and all is released within 20 s',
  async (name, attack) => {
    const p99Ms = P99_MS * slowness();
    const prober = await startProber(proxy);
    await sleep(300);
    const before = { files: openFiles(), memory: residentMiB() };
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, residentMiB() - before.memory);
    }, 20);
    const struck = await attack(port);
    await sleep(300);
    clearInterval(watch);
    await prober.stop();
    // The prober's own connection has gone too.
    await expect.poll(openFiles, { timeout: 20_000, interval: 200 }).toBeLessThan(before.files);
    expect(prober.errors).toEqual([]);
    expect(prober.sent).toBeGreaterThan(10);
    await expect.poll(inFlight, { timeout: 20_000, interval: 200 }).toBe(0);
    // Node keeps some of its memory; that must not add up.
    const grown = (): number => residentMiB() - before.memory;
    await expect.poll(grown, { timeout: 20_000, interval: 500 }).toBeLessThan(KEPT_MIB);
    expect(await (await fetch(`${proxy.probe}/livez`)).text()).toBe('ok\n');
    expect(peak).toBeLessThan(PEAK_MIB);
    const p99 = prober.p99();
    expect(p99).toBeLessThan(p99Ms);
    const seen = `p99 ${Math.round(p99)} ms, peak ${Math.round(peak)} MiB`;
    reportTrials({
      fault: `attack: ${name} (prober ${prober.sent}, ${seen})`,
      trials: 1,
      injections: struck,
    });
  },
);
