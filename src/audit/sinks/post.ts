import { readRegular } from '../../files/regular.ts';

/** A service off the host that takes what is posted to it. */
export interface Service {
  readonly url: string;
  /** File with a bearer token, read again for each post. */
  readonly tokenFile?: string | undefined;
  readonly timeoutMs: number;
}

interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** How much of an answer is read, and ignored, so that its connection can be reused. */
const READ_BYTES = 64 * 1024;

/** Posts, follows no redirect, and resolves once there is an answer. @throws Error if none comes, with why */
export async function post(
  { url, tokenFile, timeoutMs }: Service,
  { headers, body }: Posted,
): Promise<Pick<Response, 'ok' | 'status'>> {
  const token = tokenFile && {
    authorization: `Bearer ${readRegular(tokenFile).toString().trim()}`,
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const request = { headers: { ...headers, ...token }, body, signal, redirect: 'error' } as const;
  try {
    const response = await fetch(url, { method: 'POST', ...request });
    await readSome(response);
    return response;
  } catch (cause) {
    throw new Error(signal.aborted ? `no answer within ${timeoutMs} ms` : whyFailed(cause), {
      cause,
    });
  }
}

/** Of fetch's own errors only the name, because their text can quote the header with the token. */
function whyFailed(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.name;
}

/** Leaving the loop cancels what is left. */
async function readSome({ body }: Response): Promise<void> {
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > READ_BYTES) break;
  }
}
