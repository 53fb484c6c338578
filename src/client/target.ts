export interface ProxyTarget {
  /** A target name of gRPC. */
  readonly target: string;
  readonly secure: boolean;
}

/** `grpc://` is plain and `grpcs://` is TLS; a bare `host:port` and a Unix socket are plain. */
export function proxyTarget(endpoint: string): ProxyTarget {
  const [, scheme, rest] = /^(grpcs?):\/\/(.+)$/.exec(endpoint) ?? [];
  if (scheme === undefined || rest === undefined) return { target: endpoint, secure: false };
  return { target: rest.replace(/\/$/, ''), secure: scheme === 'grpcs' };
}
