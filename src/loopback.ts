/** Whether a host, as in URLs, is reachable only from this machine: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The same for an address: `host:port`, only a host, or a Unix socket. */
export function isLocal(address: string): boolean {
  return /^unix(?:-abstract)?:/.test(address) || isLoopback(address.replace(/:\d+$/, ''));
}
