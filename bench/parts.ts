import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/interop/helpers/ports.ts';
import { type Lab, ROOT } from './lab.ts';
import { embeddedOverMoto } from './parts/against-moto.ts';
import { helpOverNothing, wallOfHelp, wallOfNothing, wallOfOneCall } from './parts/command.ts';
import { itemOverCall } from './parts/in-batches.ts';
import { CORE, runPinned, startPinned } from './processes.ts';
import { GRPC_ON, proxyStart } from './proxy.ts';
import type { Results } from './report.ts';
import { median } from './statistics.ts';
import type { Target } from './targets.ts';

interface Parts {
  readonly targets: readonly Target[];
  readonly skipped: Results['skipped'];
}

/** Measures the promises about single parts, each in its own process, pinned like the servers. */
export async function measureParts(lab: Lab): Promise<Parts> {
  const targets: Target[] = [];
  const skipped: { title: string; why: string }[] = [];
  const measures = [
    part({ name: 'example policy, 10 rules, one decision', must: 12, goal: 8 }, () =>
      inProcess('policy.ts', [lab.bundle(10)]),
    ),
    part({ name: 'example policy, 10,000 rules, one decision', must: 15, goal: 8 }, () =>
      inProcess('policy.ts', [lab.bundle(10_000)]),
    ),
    part({ name: 'embedded KMS, symmetric ReEncrypt in process', must: 60, goal: 40 }, () =>
      inProcess('embedded.ts', []),
    ),
    part(
      {
        name: 'embedded-kms over moto, ReEncrypts a second',
        unit: '',
        must: 5,
        goal: 10,
        direction: 'at_least',
      },
      embeddedOverMoto,
    ),
    part({ name: 'audit, both entries of a call, fsync, 32 in flight', must: 25, goal: 18 }, () =>
      inProcess('audit.ts', [Promise.resolve(lab.folder)]),
    ),
    part({ name: 'metrics of a call, beside those of gRPC', must: 5, goal: 3 }, () =>
      inProcess('metrics.ts', []),
    ),
    part({ name: 'an answer of /metrics', unit: 'ms', must: 10, goal: 5 }, () =>
      inProcess('scrape.ts', []),
    ),
    part({ name: 'an item of a batch / a call, CPU', unit: '', must: 0.8, goal: 0.6 }, () =>
      itemOverCall(lab),
    ),
    part({ name: 'built package: start to readyz', unit: 'ms', must: 500, goal: 250 }, () =>
      startToReady(lab),
    ),
    part({ name: 're-encrypt --help, wall', unit: 'ms', must: 150, goal: 100 }, wallOfHelp),
    part({ name: 're-encrypt --help / node -e 0', unit: '', must: 5, goal: 3 }, helpOverNothing),
    part({ name: 're-encrypt, one call over gRPC, wall', unit: 'ms', must: 300, goal: 200 }, () =>
      wallOfOneCall(lab),
    ),
    part(
      { name: 'node -e 0, wall, for comparison', unit: 'ms', must: 150, goal: 100 },
      wallOfNothing,
    ),
  ];
  for (const { target, measure } of measures) {
    process.stderr.write(`part: ${target.name}\n`);
    try {
      targets.push({ ...target, value: await measure() });
    } catch (error) {
      const why = error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error);
      skipped.push({ title: target.name, why });
    }
  }
  return { targets, skipped };
}

type Bars = Pick<Target, 'name' | 'must' | 'goal' | 'direction'> & { readonly unit?: string };

const part = ({ unit = 'µs', ...bars }: Bars, measure: () => Promise<number>) => ({
  target: { ...bars, unit },
  measure,
});

async function inProcess(script: string, args: readonly Promise<string>[]): Promise<number> {
  const file = join(ROOT, 'bench/parts', script);
  return Number(
    await runPinned({
      core: CORE.server,
      command: process.execPath,
      args: [file, ...(await Promise.all(args))],
      cwd: ROOT,
    }),
  );
}

/** Milliseconds from the start of the process to the first 200 of /readyz; the median of five. */
async function startToReady(lab: Lab): Promise<number> {
  const took: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const port = await freePort();
    const start = await proxyStart(lab, 'start', { probe: { listen: `127.0.0.1:${port}` } });
    const began = performance.now();
    const [running] = await Promise.all([startPinned(start, GRPC_ON), ready(port)]);
    took.push(performance.now() - began);
    await running.stop();
  }
  return median(took);
}

async function ready(port: number): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if ((await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200) return;
    await sleep(2);
  }
  throw new Error('/readyz never answered 200');
}

function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    get(url, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', () => resolve(0));
  });
}
