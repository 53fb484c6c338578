import { isService } from '../addresses/location.ts';
import { SINK_NAMES, type SinkName } from '../sink-names.ts';

/** A setting, and what about it counts. */
export interface Place {
  /** By dots; `*` is any name, or any item of a list. */
  readonly path: string;
  /** In words, before ` in <path>`; '' where it is the setting itself. */
  readonly what: string;
  readonly is: (value: unknown) => boolean;
}

const on = (path: string): Place => ({ path, what: '', is: isOn });
const written = (path: string): Place => ({ path, what: '', is: () => true });
const member = (what: string, path: string): Place => ({
  path,
  what,
  is: (list) => Array.isArray(list) && list.includes(what),
});
const text = (what: string, is: (text: string) => boolean) => (path: string) => ({
  path,
  what,
  is: (value: unknown) => typeof value === 'string' && is(value),
});
const settingOf = (sink: SinkName): Place => on(`audit.${sink.replaceAll('-', '_')}`);
const socket = text('a Unix socket', (address) => address.startsWith('unix:'));
const tcp = text('a TCP address', (address) => !address.startsWith('unix:'));
const url = text('a URL', isService);
const https = text('an https URL', (location) => location.startsWith('https:'));

/**
 * Each is a sentence: the first does nothing without one of the others, and whoever wrote it believes
 * in something that is not there. What `kms.backend` leaves aside is not here, so that one file may
 * serve with either; nor is `limits.max_wait_ms`, after which callers come back where nobody may wait.
 */
export const NEEDS: readonly (readonly [setting: Place, ...needs: Place[]])[] = [
  [on('grpc.mode'), socket('grpc.listen')],
  [on('grpc.listeners.*.mode'), socket('grpc.listeners.*.listen')],
  [on('grpc.listeners.*.identity'), member('uds', 'identity.order')],
  // False promises TLS where there is none, and true promises it for the other listeners.
  [written('grpc.listeners.*.plaintext'), on('grpc.tls')],
  [written('grpc.listeners.*.plaintext'), tcp('grpc.listeners.*.listen')],
  [on('grpc.tls'), tcp('grpc.listen'), tcp('grpc.listeners.*.listen')],
  [on('grpc.tls.cert_file'), on('grpc.tls.key_file')],
  [on('grpc.tls.key_file'), on('grpc.tls.cert_file')],
  [on('grpc.tls.poll_ms'), on('grpc.tls.cert_file')],
  [on('grpc.tls.client_ca_file'), on('grpc.tls.client_certificates')],
  [on('grpc.connections.handshake_timeout_ms'), on('grpc.tls')],

  [on('kms_json.*'), on('kms_json.listen')],
  [written('kms_json.max_clock_skew_ms'), on('kms_json.access_keys')],

  [on('identity.mtls.*'), on('grpc.tls')],
  [on('identity.mtls.*'), on('grpc.tls.client_certificates')],
  [on('identity.mtls.name_from'), member('mtls', 'identity.order')],
  [
    on('identity.mtls.trust_domains'),
    member('mtls', 'identity.order'),
    on('grpc.tls.spiffe_socket'),
  ],
  [on('identity.jwt'), member('jwt', 'identity.order')],
  [on('identity.jwt.max_age_ms'), on('identity.jwt.jwks_url')],

  [on('keys.tags'), on('keys.describe')],
  [on('keys.aliases'), on('keys.describe')],
  [on('keys.own_account'), on('keys.describe')],
  [on('keys.own_account'), on('keys.tags'), on('keys.aliases')],
  [on('keys.ttl_ms'), on('keys.describe')],

  [written('policy.max_staleness_ms'), url('policy.source'), url('policy.candidate')],
  [on('policy.service.bearer_token_file'), url('policy.source'), url('policy.candidate')],
  [on('policy.service.ca_file'), https('policy.source'), https('policy.candidate')],
  [on('policy.service.cert_file'), https('policy.source'), https('policy.candidate')],
  [on('policy.service.key_file'), https('policy.source'), https('policy.candidate')],
  [written('policy.service.polling.*'), url('policy.source'), url('policy.candidate')],
  [on('policy.service.persist'), url('policy.source')],

  ...SINK_NAMES.map((name) => [member(name, 'audit.required'), settingOf(name)] as const),
  [on('audit.max_behind'), ...SINK_NAMES.map(settingOf)],

  [on('limits.kms.max_wait_ms'), on('limits.kms.max_queue')],
  [on('limits.all.burst'), on('limits.all.per_second')],
  [on('limits.per_principal.burst'), on('limits.per_principal.per_second')],
  [on('limits.per_key.burst'), on('limits.per_key.per_second')],
];

/** A setting that is off needs nothing. */
function isOn(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return ![undefined, null, false, 0, '', 'off', 'none'].some((off) => off === value);
}
