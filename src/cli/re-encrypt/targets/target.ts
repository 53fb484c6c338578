import type { Settings } from '../settings.ts';
import type { Environment } from '../values/file-value.ts';
import type { ValueMap } from '../values/value.ts';

/** One ReEncrypt on its way, wherever it goes. */
export interface TargetCall {
  /** Validated; the blob is bytes. */
  readonly parameters: ValueMap;
  readonly settings: Settings;
  readonly tls: {
    readonly certificateFile: string | undefined;
    readonly keyFile: string | undefined;
  };
  /** With a bearer token for a proxy. */
  readonly tokenFile: string | undefined;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

export interface TargetAnswer {
  /** The members of the response in AWS's order. */
  readonly response: ValueMap;
  /** Names the audit entries of the call; '' if no proxy answered. */
  readonly decisionId: string;
}

/** True for `http://…` and `https://…`: any KMS endpoint, called in AWS's own protocol. */
export function isHttp(endpoint: string): boolean {
  return /^https?:/i.test(endpoint);
}
