import { overdue } from '../bundle/bundle.ts';
import type { Generation } from '../generation.ts';
import type { Source } from '../sources/source.ts';

/** What a loader has done so far. */
export interface LoaderState {
  generation: Generation | undefined;
  lastRequest: number;
  lastSuccess: number;
  lastActivation: number;
  activations: number;
  failures: number;
  error: string;
  /** Digest of the bundle that stands in for the source at the next start, or '' if unknown. */
  kept: string;
}

export interface LoaderStatus {
  readonly source: string;
  readonly revision: string;
  /** SHA-256 of the archive, hex. */
  readonly digest: string;
  /** Milliseconds since the epoch, like all times here; 0 if there was none. */
  readonly lastRequest: number;
  /** When the source last gave the serving bundle, or reported it unchanged. */
  readonly lastSuccess: number;
  readonly lastActivation: number;
  /** When the serving bundle expires (`not_after`); 0 if never. */
  readonly ends: number;
  readonly activations: number;
  readonly failures: number;
  /** Whether the last attempt failed: what is there now does not serve. */
  readonly refused: boolean;
  /** Why the bundle must not be asked, and why the last attempt failed; '' if neither applies. */
  readonly error: string;
  /** True when there is no bundle that may be asked: none is loaded, or it is too old. */
  readonly stale: boolean;
}

export interface StatusOptions {
  readonly source: Pick<Source, 'name' | 'remote'>;
  /** Milliseconds after which a remote source that has not answered makes the policy stale. */
  readonly maxStalenessMs: number;
  readonly now: () => number;
}

export function servingOf({ generation }: LoaderState): { revision: string; digest: string } {
  const { revision = '', digest = '' } = generation?.bundle ?? {};
  return { revision, digest };
}

/** Why the serving bundle must not be asked any more, or ''. */
export function staleness(
  state: LoaderState,
  { source, maxStalenessMs, now }: StatusOptions,
): string {
  if (!state.generation) return '';
  const at = now();
  const ended = overdue(state.generation.bundle, at);
  if (ended !== '') return ended;
  // Once the clock was set back, no time would count until it is as late again.
  state.lastSuccess = Math.min(state.lastSuccess, at);
  const silent = source.remote && at - state.lastSuccess > maxStalenessMs;
  return silent ? 'the bundle service has not answered for too long' : '';
}

export function toStatus(state: LoaderState, options: StatusOptions): LoaderStatus {
  const { generation, kept: _, ...rest } = state;
  const old = staleness(state, options);
  return {
    source: options.source.name,
    ...servingOf(state),
    ...rest,
    ends: endOf(generation),
    refused: rest.error !== '',
    error: [old, rest.error].filter((why) => why !== '').join('; '),
    stale: !generation || old !== '',
  };
}

function endOf(generation: Generation | undefined): number {
  const { notAfter = Infinity } = generation?.bundle ?? {};
  return Number.isFinite(notAfter) ? notAfter : 0;
}
