import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { fromBody } from '../../../src/audit/entries/body.ts';
import { createEntries } from '../../../src/audit/entries/entry.ts';
import { createRedactor } from '../../../src/audit/entries/redact.ts';
import type { Call, Progress } from '../../../src/call.ts';
import { askedBy } from '../../../src/cli/policy/asked-by.ts';
import { completeInput } from '../../../src/cli/policy/complete-input.ts';
import { ANONYMOUS } from '../../../src/identity/principal.ts';
import { UNKNOWN_KEY } from '../../../src/keys/look-up.ts';
import { toInput } from '../../../src/policy/input.ts';
import { SAMPLES } from '../../../src/policy/samples.ts';
import { answered, callOf, context, judged, PRINCIPAL, SOURCE } from '../../audit/samples.ts';
import { resolved } from '../../policy/values.ts';

const clear = createRedactor(Buffer.alloc(32), ['tenant', 'purpose']);

function entriesOf({ receivedAt }: Call, laterMs = 0) {
  return createEntries({ redactor: clear, now: () => receivedAt + laterMs });
}

const bare = { keyId: 'alias/orders', encryptionContext: context({}) };
/** What of a call is mostly empty, or the same. */
const FULL = callOf(2, {
  transport: 'kms_json',
  arrival: { ...callOf(1).arrival, peer: '/run/app.sock' },
  source: { ...bare, algorithm: 'RSAES_OAEP_SHA_256' },
  grantTokens: ['a', 'b'],
  dryRun: true,
  dryRunModifiers: ['IGNORE_CIPHERTEXT'],
  job: 'job-1',
});
const MANY = {
  ...{ ...SOURCE, aliases: ['alias/a', 'alias/b'], multiRegion: true, multiRegionType: 'REPLICA' },
  ...{ alias: '', tags: {}, factsOff: ['tags'], createdAt: 0 },
};

const PROGRESSES: readonly (readonly [string, Progress])[] = [
  ['a plain call', judged(1)],
  [
    'a caller and a source key that nobody knows',
    judged(1, { principal: ANONYMOUS, keys: { source: { ...UNKNOWN_KEY }, destination: SOURCE } }),
  ],
  [
    'every field that is mostly empty',
    judged(1, {
      call: FULL,
      principal: { ...PRINCIPAL, attributes: { team: 'x' } },
      keys: { source: MANY, destination: SOURCE },
    }),
  ],
];

test.each(PROGRESSES)('an intent holds all that policy was asked: %s', (_, progress) => {
  const entry = fromBody(entriesOf(progress.call).intent(progress));
  const { source, destination } = progress.keys ?? expect.fail();
  const asked = toInput({ ...progress, keys: { source, destination } }, 'request');
  expect(completeInput(askedBy(entry))).toEqual(asked);
});

test('an outcome holds all that policy was asked about the key that KMS reported', () => {
  const progress = { ...answered(1), call: FULL };
  const { decision, keys } = progress;
  if (!decision || !keys) expect.fail();
  const late = { ...progress, decision: { ...decision, phase: 'result' as const } };
  const entry = fromBody(entriesOf(FULL).terminal(late));
  expect(completeInput(askedBy(entry))).toEqual(toInput({ ...late, keys }, 'result'));
});

test('the calls here differ from the sample in all that policy is told of a request', () => {
  // What a log leaves out is taken from the sample, and would otherwise not be missed.
  const { request } = toInput(resolved(FULL), 'request');
  const same = Object.entries(SAMPLES['a plain call'].request).filter(([name, value]) =>
    isDeepStrictEqual(value, request[name as keyof typeof request]),
  );
  expect(same).toEqual([]);
});

test.each([1_000, 3_600_000, -3_600_000])(
  'an entry that is written %d ms after its call came in says when that was',
  (laterMs) => {
    const progress = judged(1);
    const { intent, terminal } = entriesOf(progress.call, laterMs);
    const { source, destination } = progress.keys ?? expect.fail();
    const asked = toInput({ ...progress, keys: { source, destination } }, 'request');
    for (const body of [intent(progress), terminal(progress)]) {
      expect(completeInput(askedBy(fromBody(body)))).toEqual(asked);
    }
  },
);
