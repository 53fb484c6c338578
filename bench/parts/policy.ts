import type { Resolved } from '../../src/call.ts';
import { createDecisionPoint } from '../../src/policy/point.ts';
import { aPermit } from '../../test/kms/permits.ts';
import { cpuPerTurn } from './turns.ts';

/** One decision of the example policy in process, input building included: node policy.ts BUNDLE */
const [source = ''] = process.argv.slice(2);
const policy = await createDecisionPoint({ source, timeoutMs: 1000 });

const context = { tenant: 'acme', purpose: 'invoice-archive' };
const { call, keys } = aPermit({
  source: { keyId: 'alias/demo-source', encryptionContext: context },
  destination: { keyId: 'alias/demo-destination', encryptionContext: context },
  call: { ciphertext: new Uint8Array(184) },
});
const resolved: Resolved = {
  call,
  keys,
  principal: {
    id: '',
    kind: 'anonymous',
    authenticated: false,
    spiffe: { trustDomain: '', path: '' },
    attributes: {},
  },
};

const { effect } = await policy.decide(resolved, 'request');
if (effect !== 'allow') throw new Error('the example policy denies the call of the benchmark');

const microseconds = await cpuPerTurn(async () => {
  await policy.decide(resolved, 'request');
});
process.stdout.write(`${microseconds}\n`);
await policy.close();
