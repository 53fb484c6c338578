import { expect, test } from 'vitest';
import { fromBody } from '../../../src/audit/entries/body.ts';
import { createEntries } from '../../../src/audit/entries/entry.ts';
import { createRedactor } from '../../../src/audit/entries/redact.ts';
import type { Call, Progress } from '../../../src/call.ts';
import { askedBy } from '../../../src/cli/policy/asked-by.ts';
import { completeInput } from '../../../src/cli/policy/complete-input.ts';
import { UNKNOWN_KEY } from '../../../src/keys/look-up.ts';
import { toInput } from '../../../src/policy/input.ts';
import { answered, callOf, context, judged, PRINCIPAL, SOURCE } from '../../audit/samples.ts';

const clear = createRedactor(Buffer.alloc(32), ['tenant', 'purpose']);

function entriesOf({ receivedAt }: Call) {
  return createEntries({ redactor: clear, now: () => receivedAt });
}

const anonymous = {
  ...PRINCIPAL,
  kind: 'anonymous',
  spiffe: { trustDomain: '', path: '' },
} as const;
const socket = { ...callOf(1).arrival, peer: '/run/app.sock' };
const bare = { keyId: 'alias/orders', encryptionContext: context({}) };
const full = callOf(2, {
  transport: 'kms_json',
  source: { ...bare, algorithm: 'RSAES_OAEP_SHA_256' },
  grantTokens: ['a', 'b'],
  dryRun: true,
  dryRunModifiers: ['IGNORE_CIPHERTEXT'],
  job: 'job-1',
  arrival: socket,
});
const many = {
  ...{ ...SOURCE, aliases: ['alias/a', 'alias/b'], multiRegion: true, multiRegionType: 'REPLICA' },
  ...{ alias: '', tags: {}, factsOff: ['tags'], createdAt: 0 },
};

const PROGRESSES: readonly (readonly [string, Progress])[] = [
  ['a plain call', judged(1)],
  [
    'a caller and a source key that nobody knows',
    judged(1, { principal: anonymous, keys: { source: { ...UNKNOWN_KEY }, destination: SOURCE } }),
  ],
  [
    'every field that is mostly empty',
    judged(1, {
      call: full,
      principal: { ...PRINCIPAL, attributes: { team: 'x' } },
      keys: { source: many, destination: SOURCE },
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
  const progress = { ...answered(1), call: full };
  const { decision, keys } = progress;
  if (!decision || !keys) expect.fail();
  const late = { ...progress, decision: { ...decision, phase: 'result' as const } };
  const entry = fromBody(entriesOf(full).terminal(late));
  expect(completeInput(askedBy(entry))).toEqual(toInput({ ...late, keys }, 'result'));
});
