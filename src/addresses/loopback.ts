/** Whether a host, as in URLs, is reachable only from this machine: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether what is sent to a URL can be read by nobody on the way: https, or http on this machine. */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** As `isLoopback`, for an address: `host:port`, only a host, or a Unix socket. */
export function isLocal(address: string): boolean {
  return /^unix(?:-abstract)?:/.test(address) || isLoopback(address.replace(/:\d+$/, ''));
}
