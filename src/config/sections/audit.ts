import { basename } from 'node:path';
import { z } from 'zod';
import { liveName } from '../../files/segment-names.ts';
import { SINK_NAMES } from '../../sink-names.ts';
import { age, milliseconds, path, serviceUrl } from '../values.ts';

const rotate = z
  .strictObject({
    max_bytes: z
      .int()
      .min(64 * 1024)
      // Packed ones are unpacked into memory to be verified, which takes no more than 640 MiB.
      .max(512 * 1024 * 1024)
      .default(64 * 1024 * 1024)
      .describe('A segment of this size is closed, and the next one is opened.'),
    max_age_ms: age(24 * 60 * 60 * 1000, 60_000).describe(
      'A segment of this age is closed, and the next one is opened.',
    ),
    keep_segments: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Closed segments to keep; 0 keeps all. Entries that no checkpoint covers are never deleted.',
      ),
    keep_ms: age(0).describe(
      'How long closed segments are kept, by the host’s clock; 0 means for ever. A tenth longer, an hour at most, so that a clock that jumps ahead for a while deletes none.',
    ),
  })
  .describe('When the log begins a new file (a segment), and how long closed ones are kept.');

const checkpoint = z
  .strictObject({
    every_entries: z
      .int()
      .min(1)
      .default(1_000)
      .describe('A checkpoint is signed after this many new entries.'),
    every_ms: milliseconds(10_000, 1).describe(
      'A checkpoint is signed after this time if there are new entries.',
    ),
    signing_key_file: path
      .optional()
      .describe(
        'Key that signs checkpoints: Ed25519, PKCS #8 PEM. If unset, one is made beside the log.',
      ),
    kms_key_id: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe(
        'Key pair in KMS that signs checkpoints instead: ECC_NIST_EDWARDS25519 or ECC_NIST_P256.',
      ),
    stdout: z
      .boolean()
      .default(false)
      .describe(
        'Print each checkpoint as a JSON line on standard output, instead of in the process log.',
      ),
    post: z
      .strictObject({
        url: serviceUrl.describe('Where each signed checkpoint is posted as text/plain.'),
        token_file: path
          .optional()
          .describe('File with a bearer token, read again for each request.'),
        timeout_ms: milliseconds(10_000, 1).describe('How long one request may take.'),
      })
      .optional()
      .describe(
        'Service that keeps checkpoints off the host; the newest is sent until it is accepted.',
      ),
  })
  .refine((set) => set.signing_key_file === undefined || set.kms_key_id === undefined, {
    message: 'set signing_key_file or kms_key_id, not both',
  })
  .describe('Signed checkpoints (C2SP), by which a third party verifies the log.');

const decisionLog = z
  .strictObject({
    url: serviceUrl
      .refine((text) => !text.includes('?'), 'must have no query, because /logs is added to it')
      .describe('The service, as in OPA’s services[_].url; entries are posted to <url>/logs.'),
    token_file: path.optional().describe('File with a bearer token, read again for each request.'),
    timeout_ms: milliseconds(10_000, 1).describe('How long one upload may take.'),
    batch_bytes: z
      .int()
      .min(1_024)
      .default(32 * 1024)
      .describe('Most bytes of JSON in one upload, before compression.'),
  })
  .describe('OPA’s decision log service, which gets the entries too.');

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
      .describe('The live file of the log, one JSON line per entry.'),
    durability: z
      .enum(['fsync', 'write'])
      .default('fsync')
      .describe(
        'When an entry counts as recorded: once it is on the disk (fsync) or with the kernel (write).',
      ),
    origin: z
      .string()
      .regex(/^[^\s+]+$/, 'must have neither blanks nor +')
      .optional()
      .describe('Name of this log, unique in a fleet; if unset, kms-reencrypt-proxy/<host name>.'),
    hmac_key_file: path
      .optional()
      .describe(
        'Key by which context values are hashed: 32 bytes or their base64. If unset, one is made beside the log.',
      ),
    clear_context_keys: z
      .array(z.string().min(1))
      .default([])
      .describe('Encryption context keys whose values are written in clear.'),
    on_broken_chain: z
      .enum(['refuse', 'continue'])
      .default('refuse')
      .describe(
        'Whether to start if the log was tampered with; continue records that in a new segment.',
      ),
    commit_timeout_ms: milliseconds(2_000, 1).describe(
      'If an entry is not durable by then, calls are refused until the log can be written again.',
    ),
    max_queue: z
      .int()
      .min(1)
      .default(10_000)
      .describe('Most entries that may wait for the disk; calls beyond that are refused.'),
    rotate: rotate.prefault({}),
    checkpoint: checkpoint.prefault({}),
    stdout: z.boolean().default(false).describe('Print each entry on standard output too.'),
    decision_log: decisionLog.optional(),
    required: z
      .array(z.enum(['file', ...SINK_NAMES]))
      .default(['file'])
      .describe(
        'Sinks that must have an entry before it counts as recorded; the file always must.',
      ),
    max_behind: z
      .int()
      .min(1)
      .default(1_000_000)
      .describe(
        'How many entries a sink may lag behind; beyond that, the oldest are dropped and counted.',
      ),
  })
  .describe('The audit log.');
