import type { Kms } from '../../src/kms/port.ts';
import { toKmsRequest } from '../../src/kms/request.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { aPermit } from '../../test/kms/permits.ts';
import { oneCall } from './one-call.ts';
import { cpuPerTurn } from './turns.ts';

/** What a released call counts and times in every stage. */
const metrics = createMetrics({ version: '0', backend: 'aws' });
const call = oneCall(0);
const kms = metrics.kms.measure<Kms>({
  reEncrypt: async () => call.answer,
  describeKey: () => Promise.reject(new Error('not asked')),
  listAliases: async () => [],
  listResourceTags: async () => ({}),
  getPublicKey: () => Promise.reject(new Error('not asked')),
  sign: () => Promise.reject(new Error('not asked')),
  close: async () => {},
});
const request = toKmsRequest(aPermit(), 'resolved');

const microseconds = await cpuPerTurn(async () => {
  await kms.reEncrypt(request);
  metrics.auditEntry('intent');
  metrics.auditEntry('outcome');
  metrics.count(call);
});
process.stdout.write(`${microseconds}\n`);
