import type { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../thrown.ts';
import { digestOf, overdue } from '../bundle/bundle.ts';
import { BundleFault } from '../bundle/fault.ts';
import type { Generation } from '../generation.ts';
import type { Kept, PersistedBundle } from '../sources/persist.ts';
import type { Source } from '../sources/source.ts';
import {
  type LoaderState,
  type LoaderStatus,
  type StatusOptions,
  servingOf,
  staleness,
  toStatus,
} from './loader-status.ts';

export interface ReloadEvent {
  readonly outcome: 'activated' | 'unchanged' | 'refused';
  /** Revision of the bundle that serves from now on, or ''. */
  readonly revision: string;
  /** SHA-256 of that bundle's archive, hex, or ''. */
  readonly digest: string;
  /** Why the bundle was refused, or that it is not the service's own, or ''. */
  readonly sentence: string;
  /** Whether the attempt before this one was refused. */
  readonly afterRefusal: boolean;
}

export interface LoaderOptions extends StatusOptions {
  readonly source: Source;
  /** Archive → a proved generation. `serves`: another is already serving. Rejects with BundleFault. */
  prepare(archive: Buffer, serves: boolean): Promise<Generation>;
  readonly persisted?: PersistedBundle | undefined;
  /** Whether a local source without a good bundle stops the start; a remote one never does. */
  readonly required: boolean;
  readonly onReload: (event: ReloadEvent) => void;
  /** How long a start waits for a remote source that it can do without; 5 s by default. */
  readonly firstMs?: number;
}

export interface Loader {
  /** The generation that serves; undefined before the first. */
  current(): Generation | undefined;
  /** Why the current generation is too old to be asked, or ''. */
  staleness(): string;
  status(): LoaderStatus;
  /** @throws BundleFault; the serving bundle stays in use. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Keeps the policy of one source up to date. A bundle serves only once it is proved; a bad one is refused
 * and the last good one stays in use. @throws BundleFault if a required local source has no good bundle
 * at start.
 */
export async function createLoader(options: LoaderOptions): Promise<Loader> {
  const { source, persisted, required } = options;
  const state: LoaderState = {
    generation: undefined,
    lastRequest: 0,
    lastSuccess: 0,
    lastActivation: 0,
    activations: 0,
    failures: 0,
    error: '',
    kept: '',
  };
  let turn: Promise<unknown> = Promise.resolve();

  /** Reloads run one at a time, so that an older fetch never replaces a newer one. */
  const reload = () => {
    const next = turn.then(() => attempt(state, options));
    turn = next.catch(() => {});
    return next;
  };
  const kept = await persisted?.read();
  const first = reload();
  // A start that can do without the service does not wait until one that is silent counts as away.
  const patience = source.remote && (kept || !required) ? [silence(options.firstMs)] : [];
  await Promise.race([first, ...patience]).catch(async (fault: unknown) => {
    // A remote source may be down at start: its last good bundle serves, or none until it is back.
    if (kept) await standIn(state, kept, options);
    else if (required && !source.remote) throw fault;
  });
  const check = () =>
    reload().then(
      () => true,
      () => false,
    );
  const following = source.follow(check, () => state.generation === undefined);
  return {
    current: () => state.generation,
    staleness: () => staleness(state, options),
    status: () => toStatus(state, options),
    reload,
    close: () => following.stop(),
  };
}

async function silence(ms = 5_000): Promise<never> {
  await setTimeout(ms, undefined, { ref: false });
  throw new BundleFault('the bundle service has not answered yet');
}

const STANDS_IN =
  'the last good bundle, which policy.service.persist kept, stands in for the service';

/**
 * A kept bundle that cannot serve any more, because the signing keys changed or the file is damaged, counts as
 * none.
 */
async function standIn(state: LoaderState, { archive, savedAt }: Kept, options: LoaderOptions) {
  const { prepare, now, onReload } = options;
  try {
    const generation = await prepare(archive, false);
    // The service may have answered after all.
    if (state.generation) return;
    activate(state, generation, now());
    // Of a file from the future, the policy would not become stale before then.
    state.lastSuccess = Math.min(savedAt, now());
    state.kept = generation.bundle.digest;
    const serving = servingOf(state);
    onReload({ outcome: 'activated', ...serving, sentence: STANDS_IN, afterRefusal: true });
  } catch (thrown) {
    const sentence = `the bundle that policy.service.persist kept cannot stand in: ${toFault(thrown).message}`;
    onReload({ outcome: 'refused', ...servingOf(state), sentence, afterRefusal: true });
  }
}

async function attempt(state: LoaderState, options: LoaderOptions): Promise<void> {
  const { source, now, onReload } = options;
  const afterRefusal = state.error !== '';
  state.lastRequest = now();
  try {
    const outcome = await renew(state, options);
    state.error = '';
    onReload({ outcome, ...servingOf(state), sentence: '', afterRefusal });
  } catch (thrown) {
    const fault = toFault(thrown);
    source.forget();
    const { message: sentence } = fault;
    state.failures += 1;
    state.error = sentence;
    onReload({ outcome: 'refused', ...servingOf(state), sentence, afterRefusal });
    throw fault;
  }
}

async function renew(state: LoaderState, { source, prepare, persisted, now }: LoaderOptions) {
  const archive = await source.fetch();
  const digest = archive && digestOf(archive);
  const serving = state.generation?.bundle.digest;
  if (archive && digest !== serving) {
    const fresh = await prepare(archive, state.generation !== undefined);
    // An expired bundle may not be asked, so it must not replace one that may.
    const ended = state.generation ? overdue(fresh.bundle, now()) : '';
    if (ended !== '') throw new BundleFault(ended);
    activate(state, fresh, now());
  }
  state.lastSuccess = now();
  // Compared with the kept bundle, not the serving one: a serving bundle that could not be saved is
  // fetched again, and must be saved then.
  await persisted?.save(digest === state.kept ? undefined : archive);
  state.kept = digest ?? state.kept;
  return state.generation?.bundle.digest === serving ? 'unchanged' : 'activated';
}

function activate(state: LoaderState, fresh: Generation, now: number): void {
  state.generation = fresh;
  state.activations += 1;
  state.lastActivation = now;
}

function toFault(cause: unknown): BundleFault {
  if (cause instanceof BundleFault) return cause;
  const why = messageOf(cause);
  return new BundleFault(`the policy cannot be loaded: ${why}`, { cause });
}
