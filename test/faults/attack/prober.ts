import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { connect, reEncrypt } from '../../helpers/grpc-client.ts';
import { DEMO_CONTEXT, printedCiphertext } from '../../interop/helpers/demo.ts';
import type { RunningProxy } from '../../interop/helpers/proxy.ts';

interface Prober {
  readonly sent: number;
  readonly errors: readonly string[];
  /** Milliseconds: 99 in 100 calls were no slower. */
  p99(): number;
  stop(): Promise<void>;
}

const PERIOD_MS = 20;

/** An established client with 50 honest calls a second, which must not notice an attack. */
export async function startProber(proxy: RunningProxy): Promise<Prober> {
  const client = connect(proxy.grpc);
  const request = {
    ciphertextBlob: await printedCiphertext(proxy),
    sourceKeyId: 'alias/demo-source',
    sourceEncryptionContext: DEMO_CONTEXT,
    destinationKeyId: 'alias/demo-destination',
    destinationEncryptionContext: DEMO_CONTEXT,
  };
  await reEncrypt(client, request);
  const errors: string[] = [];
  const took: number[] = [];
  const pending = new Set<Promise<void>>();
  let sent = 0;
  const probe = async (): Promise<void> => {
    const started = performance.now();
    sent += 1;
    await reEncrypt(client, request).catch((error: ServiceError) => errors.push(error.message));
    took.push(performance.now() - started);
  };
  const timer = setInterval(() => {
    const one = probe().finally(() => pending.delete(one));
    pending.add(one);
  }, PERIOD_MS);

  return {
    get sent() {
      return sent;
    },
    errors,
    p99: () => took.toSorted((one, other) => one - other)[Math.floor(took.length * 0.99)] ?? 0,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      client.close();
      await sleep(0);
    },
  };
}
