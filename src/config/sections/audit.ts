import { basename } from 'node:path';
import { z } from 'zod';
import { liveName } from '../../files/segment-names.ts';
import { age, milliseconds, path, serviceUrl } from '../values.ts';

const rotate = z
  .strictObject({
    max_bytes: z
      .int()
      .min(64 * 1024)
      .default(64 * 1024 * 1024)
      .describe('A segment of this size is closed, and the next one is opened.'),
    max_age_ms: age(24 * 60 * 60 * 1000, 60_000).describe('So is one of this age.'),
    keep_segments: z
      .int()
      .min(0)
      .default(0)
      .describe('Closed segments to keep; 0 keeps all. What is not signed for is never deleted.'),
    keep_ms: age(0).describe('How long closed segments are kept; 0 is for ever.'),
  })
  .describe('Segments of the log.');

const checkpoint = z
  .strictObject({
    every_entries: z.int().min(1).default(1_000).describe('A checkpoint is signed after so many.'),
    every_ms: milliseconds(10_000).describe('Or after this time, where there are new entries.'),
    signing_key_file: path
      .optional()
      .describe('Ed25519, PKCS #8 PEM; made beside the log where it is not given.'),
    kms_key_id: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe('Or a key pair in KMS, ECC_NIST_EDWARDS25519 or ECC_NIST_P256.'),
    stdout: z
      .boolean()
      .default(false)
      .describe('Each on standard output, one JSON line, and not in the log of the process.'),
    post: z
      .strictObject({
        url: serviceUrl.describe('Takes each signed note as text/plain.'),
        token_file: path.optional().describe('File with a bearer token.'),
        timeout_ms: milliseconds(10_000).describe('What one request may take.'),
      })
      .optional()
      .describe(
        'Service that keeps checkpoints off the host; the newest is sent until it is taken.',
      ),
  })
  .refine((set) => set.signing_key_file === undefined || set.kms_key_id === undefined, {
    message: 'set signing_key_file or kms_key_id, not both',
  })
  .describe('Signed checkpoints (C2SP): what a third party verifies the log by.');

const decisionLog = z
  .strictObject({
    url: serviceUrl
      .refine((text) => !text.includes('?'), 'must have no query, because /logs is added to it')
      .describe('Service as in OPA’s services[_].url; entries go to <url>/logs.'),
    token_file: path.optional().describe('File with a bearer token.'),
    timeout_ms: milliseconds(10_000).describe('What one upload may take.'),
    batch_bytes: z
      .int()
      .min(1_024)
      .default(32 * 1024)
      .describe('Bytes of JSON in one upload, before compression.'),
  })
  .describe('OPA’s decision log service.');

/** Otherwise `audit verify` would take the file for a segment of another log. */
function isLive(file: string): boolean {
  return liveName(basename(file)) === basename(file);
}

export const audit = z
  .strictObject({
    file: path
      .refine(isLive, {
        error: ({ input }) =>
          `must not be named as a closed or moved segment of ${liveName(basename(String(input)))} is`,
      })
      .describe('Where audit entries go, one JSON line an entry.'),
    durability: z
      .enum(['fsync', 'write'])
      .default('fsync')
      .describe('When an entry counts as recorded: on the disk, or with the kernel.'),
    origin: z
      .string()
      .regex(/^[^\s+]+$/, 'must have neither blanks nor +')
      .optional()
      .describe(
        'Name of this log, unique in a fleet; kms-reencrypt-proxy/<host name> where unset.',
      ),
    hmac_key_file: path
      .optional()
      .describe('Install key for context values, 32 bytes or their base64; made beside the log.'),
    clear_context_keys: z
      .array(z.string().min(1))
      .default([])
      .describe('Encryption context keys whose values are written in clear.'),
    on_broken_chain: z
      .enum(['refuse', 'continue'])
      .default('refuse')
      .describe('What a start does with a log that was tampered with.'),
    commit_timeout_ms: milliseconds(2_000).describe(
      'An entry not durable by then suspends service.',
    ),
    max_queue: z.int().min(1).default(10_000).describe('Entries on their way at one time.'),
    rotate: rotate.prefault({}),
    checkpoint: checkpoint.prefault({}),
    stdout: z.boolean().default(false).describe('Entries on standard output too.'),
    decision_log: decisionLog.optional(),
    required: z
      .array(z.enum(['file', 'stdout', 'decision-log']))
      .default(['file'])
      .describe('Which must have an entry before it counts; the file always must.'),
    max_behind: z
      .int()
      .min(1)
      .default(1_000_000)
      .describe('Entries that a sink may be behind before the oldest are dropped, and counted.'),
  })
  .describe('The audit log.');
