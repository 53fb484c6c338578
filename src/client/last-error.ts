/** The error of the connection itself, without all that grpc-js says around it. */
export function lastError(message: string): string {
  const [, error] = /Last error: (?:Error: )?(.+?)(?:\. Resolution note:.*)?$/s.exec(message) ?? [];
  const sentence = (error ?? message).replaceAll(/\s+/g, ' ').trim();
  // With the time of each try, the same error would look like a new one.
  const lasting = sentence.replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '');
  const [, alert] = /error:[0-9A-F]+:SSL routines:[^:]*:([^:]+)/.exec(lasting) ?? [];
  return HUNG_UP.has(lasting) ? MAY_WANT : (alert ?? lasting);
}

/** What grpc-js says when the connection was made but closed before HTTP/2 began. */
const HUNG_UP = new Set(['Failed to connect', 'read ECONNRESET']);

const MAY_WANT =
  'it hung up at once, as a server does that expects TLS (grpcs://) or does not accept the client certificate';
