import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect as dialTcp } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { connect, reEncrypt } from '../../helpers/grpc-client.ts';
import { startProxy } from '../../interop/helpers/proxy.ts';
import { createWorld } from '../../simulation/world.ts';
import { callHeaders, FLAG, frame, PREFACE, SETTINGS, TYPE } from '../attack/frames.ts';
import { reportTrials, SEED, trials } from '../trials.ts';
import { requestFor } from './request.ts';

const QUICK = ['life.lame_duck_ms=100', 'life.drain_ms=1500'];

describe('F17: SIGTERM', () => {
  test('under load loses no accepted call, and exits with 0', async () => {
    const count = trials(50);
    const world = createWorld(SEED);
    let accepted = 0;
    for (let trial = 0; trial < count; trial += 1) {
      const proxy = await startProxy({ settings: QUICK });
      const client = connect(proxy.grpc);
      const request = await requestFor(proxy);
      await reEncrypt(client, request);
      const lost: string[] = [];
      const calls: Promise<unknown>[] = [];
      const load = setInterval(() => {
        const call = reEncrypt(client, request).then(
          () => (accepted += 1),
          // A call that was not accepted is UNAVAILABLE; anything else was lost.
          (error: ServiceError) => error.code !== status.UNAVAILABLE && lost.push(error.message),
        );
        calls.push(call);
      }, 2);
      await sleep(world.between(50, 300));
      process.kill(proxy.child.pid, 'SIGTERM');
      expect(await proxy.child.ended()).toBe(0);
      clearInterval(load);
      await Promise.all(calls);
      client.close();
      expect(lost).toEqual([]);
      const entries = proxy.auditEntries();
      const kinds = entries.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'outcome')).toHaveLength(
        kinds.filter((kind) => kind === 'intent').length,
      );
      expect(kinds).toContain('shutdown');
      await proxy.stop();
    }
    reportTrials({ fault: `F17 (${accepted} calls)`, trials: count, injections: count });
  });

  test('with a half-sent message exits at the drain deadline, or sooner on a second signal', async () => {
    const count = 2 * trials(10);
    for (let trial = 0; trial < count; trial += 1) {
      const second = trial % 2 === 1;
      const proxy = await startProxy({ settings: ['life.lame_duck_ms=0', 'life.drain_ms=2500'] });
      const socket = dialTcp({ port: Number(proxy.grpc.split(':')[1]), host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.resume();
      const half = frame(TYPE.data, 0, 1, Buffer.from([0, 0, 0, 0, 100, 1]));
      socket.write(
        Buffer.concat([
          PREFACE,
          SETTINGS,
          frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders()),
          half,
        ]),
      );
      await sleep(200);
      const started = performance.now();
      process.kill(proxy.child.pid, 'SIGTERM');
      if (second) {
        await sleep(200);
        process.kill(proxy.child.pid, 'SIGINT');
      }
      expect(await proxy.child.ended()).toBe(0);
      const took = performance.now() - started;
      if (second) expect(took).toBeLessThan(2400);
      else expect(took).toBeGreaterThan(2400);
      expect(took).toBeLessThan(3500 + 1000);
      expect(proxy.auditEntries().at(-1)?.['kind']).toMatch(/shutdown|checkpoint|segment/);
      socket.destroy();
      await proxy.stop();
    }
    reportTrials({ fault: 'F17 half-open', trials: count, injections: count });
  });

  test('waits for a hanging sink of the audit log, but not after a second signal', async () => {
    const sink = createServer(() => {}).listen(0, '127.0.0.1');
    await once(sink, 'listening');
    const { port } = sink.address() as AddressInfo;
    const decisionLog = `audit.decision_log.url=http://127.0.0.1:${port}/logs`;
    const proxy = await startProxy({ settings: ['life.lame_duck_ms=0', decisionLog] });
    process.kill(proxy.child.pid, 'SIGTERM');
    await expect.poll(() => proxy.auditEntries().at(-1)?.['kind']).toBe('shutdown');
    const started = performance.now();
    process.kill(proxy.child.pid, 'SIGTERM');
    expect(await proxy.child.ended()).toBe(0);
    expect(performance.now() - started).toBeLessThan(4000);
    sink.close().closeAllConnections();
    await proxy.stop();
  });

  test('reports not ready first, while calls still go through', async () => {
    const proxy = await startProxy({ settings: ['life.lame_duck_ms=1000'] });
    const client = connect(proxy.grpc);
    const request = await requestFor(proxy);
    process.kill(proxy.child.pid, 'SIGTERM');
    await expect.poll(async () => (await fetch(`${proxy.probe}/readyz`)).status).toBe(503);
    expect((await reEncrypt(client, request)).decisionId).not.toBe('');
    expect(await proxy.child.ended()).toBe(0);
    client.close();
    await proxy.stop();
  });
});

describe('a dangerous environment', () => {
  test.each([
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'pose as KMS'],
    [{ NODE_OPTIONS: '--inspect=127.0.0.1:0' }, 'debugger'],
  ])('of %j is refused with exit 64', async (env, says) => {
    const { code, output } = await serveUntilItEnds(env);
    expect([code, output]).toEqual([64, expect.stringContaining(says)]);
  });

  test('is not made by SIGUSR1: the debugger stays closed', async () => {
    const proxy = await startProxy();
    process.kill(proxy.child.pid, 'SIGUSR1');
    await proxy.child.matches(/the debugger stays closed/);
    expect(proxy.child.output()).not.toContain('Debugger listening');
    const table = readFileSync(`/proc/${proxy.child.pid}/net/tcp`, 'utf8');
    expect(table).not.toMatch(new RegExp(`:${(9229).toString(16).toUpperCase()} `));
    await proxy.stop();
  });
});

function serveUntilItEnds(env: Readonly<Record<string, string>>) {
  const child = spawn(
    'node_modules/.bin/node',
    ['src/main.ts', 'serve', '--config', 'config/demo.yaml'],
    {
      env: { ...process.env, ...env },
    },
  );
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
}
