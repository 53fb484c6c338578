/** What the connection itself failed with, out of all that grpc-js says around it. */
export function lastError(message: string): string {
  const [, error] = /Last error: (?:Error: )?(.+?)(?:\. Resolution note:.*)?$/s.exec(message) ?? [];
  return (error ?? message).replaceAll(/\s+/g, ' ').trim();
}
