export interface ProxyTarget {
  /** A target name of gRPC. */
  readonly target: string;
  readonly secure: boolean;
}

/** `grpc://` is plain and `grpcs://` is TLS; a bare `host:port` and a Unix socket are plain. */
export function proxyTarget(endpoint: string): ProxyTarget {
  const [, scheme, rest] = /^(grpcs?):\/\/(.+)$/i.exec(endpoint) ?? [];
  if (scheme === undefined || rest === undefined) return { target: endpoint, secure: false };
  return { target: rest.replace(/\/$/, ''), secure: scheme.toLowerCase() === 'grpcs' };
}

const PORT = /:(\d{1,5})$/;
/** A name or an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:[^\s/:[\]]+|\[[\da-f:.]+\])$/i;
const NAME = /^(?:unix|unix-abstract|dns|ipv4|ipv6):\S/;

/**
 * Whether it is `host:port` or another target name of gRPC; after a scheme the port may be left out. grpc-js
 * itself would take anything as a host name, and try to resolve it again and again.
 */
export function isProxyTarget(endpoint: string): boolean {
  const { target } = proxyTarget(endpoint);
  const [, port] = PORT.exec(target) ?? [];
  const isHost = HOST.test(target.replace(PORT, ''));
  if (port === undefined) return NAME.test(target) || (isHost && target !== endpoint);
  return NAME.test(target) || (isHost && Number(port) > 0 && Number(port) < 65_536);
}
