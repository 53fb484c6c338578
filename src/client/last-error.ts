/** What the connection itself failed with, out of all that grpc-js says around it. */
export function lastError(message: string): string {
  const [, error] = /Last error: (?:Error: )?(.+?)(?:\. Resolution note:.*)?$/s.exec(message) ?? [];
  const sentence = (error ?? message).replaceAll(/\s+/g, ' ').trim();
  // The time of each try would make the same error another one.
  return sentence.replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '');
}
