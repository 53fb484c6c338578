import { z } from 'zod';
import { address, localAddress, milliseconds, path } from '../values.ts';

const mode = z
  .string()
  .regex(/^0?[0-7]{3}$/, 'must be octal, such as 0660')
  .default('0660')
  .describe('Permissions of a Unix socket.');

const tls = z
  .strictObject({
    cert_file: path.optional().describe('PEM of the certificate and its chain.'),
    key_file: path.optional().describe('PEM of its private key.'),
    client_ca_file: path.optional().describe('PEM of the CAs that sign client certificates.'),
    client_certificates: z
      .enum(['required', 'optional', 'off'])
      .default('required')
      .describe('Whether clients must show a certificate.'),
    spiffe_socket: z
      .string()
      .optional()
      .describe(
        'SPIFFE Workload API (unix:/path) to take certificate and CAs from, or the CAs alone beside cert_file; SPIFFE_ENDPOINT_SOCKET where neither is set.',
      ),
    poll_ms: milliseconds(1000, 10).describe('How often the files are looked at.'),
  })
  .refine((tls) => tls.spiffe_socket !== undefined || (tls.cert_file && tls.key_file), {
    message: 'set cert_file and key_file, or spiffe_socket',
  })
  .refine(
    (tls) =>
      tls.client_certificates === 'off' || tls.spiffe_socket !== undefined || tls.client_ca_file,
    { message: 'client_ca_file is needed to verify client certificates', path: ['client_ca_file'] },
  )
  .refine((tls) => tls.spiffe_socket === undefined || tls.client_ca_file === undefined, {
    message: 'the CAs come from spiffe_socket: remove one of the two',
    path: ['client_ca_file'],
  })
  .describe('TLS 1.3 for the TCP listeners.');

const listener = z
  .strictObject({
    listen: address.describe('Where it listens.'),
    identity: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Who comes through this Unix socket: the principal’s id.'),
    mode,
    plaintext: z.boolean().default(false).describe('Without TLS although grpc.tls is set.'),
  })
  .refine(({ listen, identity }) => identity === undefined || listen.startsWith('unix:'), {
    message: 'only a unix: socket can name a principal',
    path: ['identity'],
  });

/** Times and sizes of connections; each default is tried against attacks in the fault tests. */
const connections = z
  .strictObject({
    max: z.int().min(1).default(1024).describe('Open at once, per listener.'),
    preface_timeout_ms: milliseconds(2000).describe('Until the client speaks HTTP/2.'),
    message_timeout_ms: z
      .int()
      .min(1000)
      .default(10_000)
      .describe('Until the one message of a call is whole.'),
    handshake_timeout_ms: milliseconds(5000).describe('Until the TLS handshake is done.'),
    keepalive_ms: milliseconds(10_000, 1000).describe('Between pings to a client.'),
    keepalive_timeout_ms: milliseconds(5000).describe('Until a ping must be answered.'),
    max_idle_ms: milliseconds(300_000, 1000).describe('Without a call.'),
    max_age_ms: milliseconds(1_800_000, 1000).describe('After which a client must connect anew.'),
    max_age_grace_ms: milliseconds(10_000).describe('For calls in flight at that age.'),
    max_concurrent_streams: z.int().min(1).default(100).describe('Calls at once per connection.'),
  })
  .describe('Limits of connections.');

export const grpc = z
  .strictObject({
    listen: address.default('127.0.0.1:50051').describe('Where the gRPC service listens.'),
    mode,
    listeners: z.array(listener).default([]).describe('Further listeners.'),
    tls: tls.optional(),
    connections: connections.prefault({}),
    max_message_bytes: z
      .int()
      .min(262_144)
      .default(262_144)
      .describe(
        'Largest message; some batches need 4 MiB. A peer may make the proxy hold a hundred at once.',
      ),
    channelz_listen: localAddress
      .optional()
      .describe('Where gRPC channelz tells of connections and calls. Off where unset.'),
    reflection: z.boolean().default(false).describe('Serve gRPC server reflection.'),
  })
  .describe('The gRPC front door.');
