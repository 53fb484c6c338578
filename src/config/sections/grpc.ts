import { z } from 'zod';
import { address, localAddress, milliseconds, path } from '../values.ts';

const mode = z
  .string()
  .regex(/^0?[0-7]{3}$/, 'must be octal, such as 0660')
  .default('0660')
  .describe('Permissions of the socket, if it is a Unix socket.');

const tls = z
  .strictObject({
    cert_file: path.optional().describe('PEM file of the certificate and its chain.'),
    key_file: path.optional().describe('PEM file of the private key of cert_file.'),
    client_ca_file: path.optional().describe('PEM file of the CAs that sign client certificates.'),
    client_certificates: z
      .enum(['required', 'optional', 'off'])
      .default('required')
      .describe('Whether clients must show a certificate.'),
    spiffe_socket: z
      .string()
      .optional()
      .describe(
        'SPIFFE Workload API (unix:/path) that gives certificate and CAs, or, with cert_file, only the CAs. SPIFFE_ENDPOINT_SOCKET if neither is set.',
      ),
    poll_ms: milliseconds(1000, 10).describe('How often the files are checked for changes.'),
  })
  .refine((tls) => tls.spiffe_socket !== undefined || (tls.cert_file && tls.key_file), {
    message: 'set cert_file and key_file, or spiffe_socket',
  })
  .refine(
    (tls) =>
      tls.client_certificates === 'off' || tls.spiffe_socket !== undefined || tls.client_ca_file,
    {
      message:
        'client_ca_file is needed to verify client certificates; with client_certificates: off, none are asked for',
      path: ['client_ca_file'],
    },
  )
  .refine((tls) => tls.spiffe_socket === undefined || tls.client_ca_file === undefined, {
    message: 'the CAs come from spiffe_socket: remove one of the two',
    path: ['client_ca_file'],
  })
  .describe('TLS 1.3 for the TCP listeners.');

const listener = z
  .strictObject({
    listen: address.describe('Where this listener listens.'),
    identity: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Id of the principal of everyone who connects to this Unix socket.'),
    mode,
    plaintext: z.boolean().default(false).describe('Listen without TLS even if grpc.tls is set.'),
  })
  .refine(({ listen, identity }) => identity === undefined || listen.startsWith('unix:'), {
    message: 'only a unix: socket can name a principal',
    path: ['identity'],
  });

/** Times and sizes of connections; each default is tried against attacks in the fault tests. */
const connections = z
  .strictObject({
    max: z
      .int()
      .min(1)
      .default(1100)
      .describe(
        'Most connections at once, per listener. Once fewer than a sixteenth of the places are free, those that do nothing are cut.',
      ),
    preface_timeout_ms: milliseconds(2000, 1).describe(
      'How long a client may take to begin to speak HTTP/2.',
    ),
    message_timeout_ms: z
      .int()
      .min(1000)
      .default(10_000)
      .describe('How long the message of a call may take to arrive in full.'),
    handshake_timeout_ms: milliseconds(5000, 1).describe('How long a TLS handshake may take.'),
    keepalive_ms: milliseconds(10_000, 1000).describe('Time between pings to a client.'),
    keepalive_timeout_ms: milliseconds(5000, 1).describe(
      'How long a client may take to answer a ping.',
    ),
    max_idle_ms: milliseconds(300_000, 1000).describe(
      'A connection without calls is closed after this time.',
    ),
    max_age_ms: milliseconds(1_800_000, 1000).describe(
      'Age of a connection at which its client must connect again.',
    ),
    max_age_grace_ms: milliseconds(10_000).describe(
      'How long calls may go on, at least, once their connection has reached max_age_ms.',
    ),
    max_concurrent_streams: z
      .int()
      .min(1)
      .default(100)
      .describe('Most calls at once on one connection.'),
  })
  .describe('Limits of connections.');

export const grpc = z
  .strictObject({
    listen: address.default('127.0.0.1:50051').describe('Where the gRPC service listens.'),
    mode,
    listeners: z.array(listener).default([]).describe('More addresses, besides grpc.listen.'),
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
      .describe('Where gRPC channelz reports connections and calls. Off if unset.'),
    reflection: z.boolean().default(false).describe('Serve gRPC server reflection.'),
  })
  .describe('The gRPC front door.');
