import type { Chain } from '../log/chain.ts';
import { fromHead } from '../log/head.ts';
import { type Line, linkOf } from '../log/lines.ts';
import { type Checkpoint, whyUnsigned } from '../log/note.ts';
import { type Hash, hashLeaf } from '../log/tree.ts';
import type { VerifierKey } from '../log/vkey.ts';
import { createHistory, type History } from './history.ts';
import { checkpointIn, isDeleted, ownKind } from './own-entries.ts';

export const CHANGED = 'the line was changed: the next one holds another hash';

/** The first thing that is wrong. */
export interface Problem {
  readonly seq: number;
  readonly why: string;
}

interface WalkOptions {
  readonly start: Chain;
  /** Checkpoints that were kept elsewhere, or beside the log. */
  readonly claims: readonly Checkpoint[];
  /** Keys that may sign. */
  readonly keys: readonly VerifierKey[];
  /** Name of the segment file before the first one, if there was any. */
  readonly before?: string | undefined;
  /** True if the log goes on after its last line here: a checkpoint may cover more. */
  readonly partial?: boolean;
}

/** Follows a chain line by line, and remembers the first thing that is wrong with it. */
export interface Walk {
  /** False once something is wrong and its seq is known: no more lines are needed. */
  take(line: Line): boolean;
  /** After the last line of a segment, with the `prev` of the next one's head: false once something is wrong. */
  meet(prev: string): boolean;
  /** One more checkpoint that the chain will have to match. */
  expect(claim: Checkpoint): void;
  /** Records a problem that no single line shows. */
  reject(seq: number, why: string): false;
  /** After the last line. */
  finish(): Problem | undefined;
  chain(): Pick<Chain, 'seq' | 'prev'> & { readonly peaks: readonly Hash[] };
  /** Seq of the first entry that says that the log has deleted the file `before`. */
  deletedAt(): number | undefined;
  /** Seqs of the entries that say that a start was told to go on after a broken chain. */
  broken(): readonly number[];
  /** How many entries signed checkpoints vouch for. */
  signed(): number;
  /** Origins of those checkpoints. */
  vouched(): ReadonlySet<string>;
}

interface State extends WalkOptions {
  readonly history: History;
  readonly broken: number[];
  /** Of the segments so far. */
  readonly origins: Set<string>;
  readonly vouched: Set<string>;
  /** By size. One kept elsewhere and the one beside the log may have the same size; both must hold. */
  readonly claimed: Map<number, Checkpoint[]>;
  seq: number;
  prev: string;
  signed: number;
  deletedAt: number | undefined;
  problem: Problem | undefined;
  /** A line whose `prev` is wrong: the next line shows whether it or the one before was changed. */
  misfit: { readonly seq: number; readonly hash: string; readonly line: string } | undefined;
}

export function createWalk(options: WalkOptions): Walk {
  const { start, claims } = options;
  const state: State = {
    ...options,
    history: createHistory(start.tree.size, start.tree.peaks),
    claimed: new Map(),
    broken: [],
    origins: new Set(),
    vouched: new Set(),
    seq: start.seq,
    prev: start.prev,
    signed: 0,
    deletedAt: undefined,
    problem: undefined,
    misfit: undefined,
  };
  for (const claim of claims) expect(state, claim);
  if (start.seq > 0) checkClaims(state);
  return {
    take: (line) => take(state, line),
    meet: (prev) => meet(state, prev),
    expect: (claim) => expect(state, claim),
    reject: (seq, why) => fail(state, seq, why),
    finish: () => finish(state),
    chain: () => ({ seq: state.seq, prev: state.prev, peaks: state.history.peaks() }),
    deletedAt: () => state.deletedAt,
    broken: () => state.broken,
    signed: () => state.signed,
    vouched: () => state.vouched,
  };
}

function take(state: State, { bytes, leaf }: Line): boolean {
  if (state.problem) return false;
  const link = linkOf(bytes);
  if (!meet(state, link?.prev)) return false;
  const { seq } = state;
  if (!link) return fail(state, seq, 'the line is not an entry');
  if (link.seq !== seq) return fail(state, seq, `seq ${link.seq} stands where ${seq} should`);
  const hash = hashLeaf(leaf);
  if (link.prev !== state.prev) {
    state.misfit = { seq, hash, line: bytes.toString() };
    return true;
  }
  const own = ownKind(bytes);
  if (own === 'checkpoint') checkLogged(state, bytes);
  else if (own === 'retention' && isDeleted(bytes, state.before)) state.deletedAt ??= seq;
  else if (own === 'broken') state.broken.push(seq);
  else if (own === 'segment') state.origins.add(fromHead(bytes)?.origin ?? '');
  state.history.add(hash);
  state.prev = hash;
  state.seq += 1;
  checkClaims(state);
  return state.problem === undefined;
}

function fail(state: State, seq: number, why: string): false {
  state.problem ??= { seq, why };
  return false;
}

function meet(state: State, prev: string | undefined): boolean {
  return !state.misfit || blame(state, prev === state.misfit.hash);
}

function blame(state: State, nextFits: boolean): false {
  const seq = state.misfit?.seq ?? state.seq;
  if (nextFits) return fail(state, seq - 1, CHANGED);
  return fail(state, seq, 'prev is not the hash of the line before');
}

/** A checkpoint in the log: its own signature, and the root that it had to have. */
function checkLogged(state: State, bytes: Buffer): void {
  const { seq, history } = state;
  const checkpoint = checkpointIn(bytes);
  if (!checkpoint) return void fail(state, seq, 'the checkpoint in the line is malformed');
  const unsigned = whyNotOurs(state, checkpoint);
  if (unsigned !== '') return void fail(state, seq, `the checkpoint in the line ${unsigned}`);
  const root = history.rootAt(checkpoint.size);
  if (checkpoint.size > seq || (root && !root.equals(checkpoint.root))) {
    const why = `the entries before it are not those of the checkpoint over ${checkpoint.size}`;
    return void fail(state, Math.min(state.signed, seq), why);
  }
  if (root) vouch(state, checkpoint);
  history.forget();
}

/** '' if one of the keys vouches for it, and it is about this log. */
function whyNotOurs({ origins, keys }: State, checkpoint: Checkpoint): string {
  const { origin } = checkpoint;
  if (origins.size > 0 && !origins.has(origin)) return `is of ${origin}, which is another log`;
  return whyUnsigned(checkpoint, keys);
}

function vouch(state: State, { origin, size }: Checkpoint): void {
  state.signed = size;
  state.vouched.add(origin);
}

function expect({ claimed }: State, claim: Checkpoint): void {
  const others = claimed.get(claim.size);
  if (others) others.push(claim);
  else claimed.set(claim.size, [claim]);
}

/** Checks checkpoints from outside once the log has reached their size. */
function checkClaims(state: State): void {
  for (const claim of state.claimed.get(state.seq) ?? []) checkClaim(state, claim);
}

function checkClaim(state: State, claim: Checkpoint): void {
  const unsigned = whyNotOurs(state, claim);
  if (unsigned !== '') {
    fail(state, state.seq - 1, `the checkpoint over ${claim.size} ${unsigned}`);
  } else if (state.history.rootAt(claim.size)?.equals(claim.root)) {
    vouch(state, claim);
  } else {
    const since = state.signed;
    fail(
      state,
      state.seq - 1,
      `entries ${since} to ${state.seq - 1} are not those that were signed for`,
    );
  }
}

function finish(state: State): Problem | undefined {
  if (!state.problem && state.misfit) blame(state, !isLastChanged(state));
  const missing = [...state.claimed.keys()].find((size) => size > state.seq);
  if (!state.problem && !state.partial && missing !== undefined) {
    fail(state, state.seq, `the log ends here; a checkpoint covers ${missing} entries`);
  }
  return state.problem;
}

/** The last line's `prev` is wrong: with the right `prev`, would it be the line that was signed? */
function isLastChanged({ misfit, prev, history, claimed, seq }: State): boolean {
  const claims = claimed.get(seq + 1);
  const wrong = misfit && linkOf(Buffer.from(misfit.line))?.prev;
  if (!misfit || !claims || !wrong) return true;
  const mended = Buffer.from(`\0${misfit.line.replace(wrong, prev)}`);
  const trial = createHistory(history.size(), history.peaks());
  trial.add(hashLeaf(mended));
  const root = trial.rootAt(seq + 1);
  return claims.some((claim) => root?.equals(claim.root) ?? true);
}
