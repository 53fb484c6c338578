import { readFileSync } from 'node:fs';

/** A service off the host that takes what is posted to it. */
export interface Service {
  readonly url: string;
  /** File with a bearer token, read anew each time. */
  readonly tokenFile?: string | undefined;
  readonly timeoutMs: number;
}

export interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** Posts, follows no redirect, and resolves once the answer is there whole. @throws Error where there is none */
export async function post(
  { url, tokenFile, timeoutMs }: Service,
  { headers, body }: Posted,
): Promise<Pick<Response, 'ok' | 'status'>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      ...(tokenFile && { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` }),
    },
    body,
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'error',
  });
  await response.arrayBuffer();
  return response;
}
