import type { Side } from '../../call.ts';
import { parseJson } from '../../json/exact.ts';
import { shown } from '../printable.ts';

/**
 * The parts of an entry that the commands here read; docs/audit.md has all. A mask of the policy may
 * have put anything under `input` and `result`.
 */
export interface AuditEntry {
  readonly seq: number;
  readonly kind: string;
  readonly timestamp: string;
  readonly decision_id?: string;
  readonly input?: {
    readonly principal?: { readonly id: string; readonly kind: string };
    readonly source?: SideView;
    readonly destination?: SideView;
    readonly request?: {
      readonly dry_run?: boolean;
      /** The id of the batch or stream that the call came in. */
      readonly job?: string;
      readonly transport: string;
    };
  };
  readonly kms?: {
    readonly source?: SideView;
    readonly destination?: SideView;
    readonly latency_ns: number;
    readonly request_id: string;
  };
  readonly outcome?: {
    readonly status: string;
    readonly reason?: string;
    readonly code: string;
    /** Of a call that KMS refused. */
    readonly kms_request_id?: string;
  };
  readonly result?: {
    readonly allow: boolean;
    readonly rule: string;
    readonly reasons: readonly { readonly code: string; readonly side: string }[];
  };
  readonly bundles?: { readonly policy?: { readonly revision: string } };
  /** False in observe mode. */
  readonly enforced?: boolean;
  readonly requested_by?: string;
  readonly turned_away?: { readonly reason: string; readonly count: number };
  /** How a call ended instead of as its last entry says. */
  readonly correction?: { readonly reason: string; readonly status: string };
  readonly shadow?: ShadowView;
  readonly reload?: ReloadView;
  /** Of an outcome, if its intent came before it in the same logs; not a member of the log's own entries. */
  readonly intent?: AuditEntry;
  readonly [field: string]: unknown;
}

/** A decision of a candidate policy that differs. */
export interface ShadowView {
  readonly comparison: string;
  readonly revision: string;
  readonly rule?: string;
  /** Why it could not decide, or ''. */
  readonly failure?: string;
  readonly reasons?: unknown;
}

export interface ReloadView {
  readonly policy: string;
  readonly outcome: string;
  /** Of the bundle that decides from then on. */
  readonly revision: string;
  readonly digest?: string;
  readonly sentence: string;
}

interface SideView {
  readonly key_arn?: string;
  readonly requested_key_id?: string;
  /** The alias by which the call named the key. */
  readonly alias?: string;
  readonly aliases?: readonly string[];
}

/** Undefined where the line is not an entry. */
export function toEntry(line: Buffer): AuditEntry | undefined {
  try {
    const entry = parseJson(line.toString()) as Partial<AuditEntry> | null;
    const whole = typeof entry?.kind === 'string' && typeof entry.timestamp === 'string';
    return whole ? (entry as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** A side of the call: as KMS reported it if that differs from what was asked for. */
export function sideOf({ kms, input }: AuditEntry, side: Side) {
  return kms?.[side]?.key_arn === undefined ? input?.[side] : kms[side];
}

/** The last decision: an outcome has one only if policy was asked again for it; otherwise its intent has. */
export function judged(entry: AuditEntry): Pick<AuditEntry, 'result' | 'enforced'> {
  return entry.result ? entry : (entry.intent ?? {});
}

/**
 * A principal without an id is known by its kind, `anonymous`. The subject of a token may look like a SPIFFE ID,
 * so all other ids are told with their kind.
 */
export function principalOf({ input }: Pick<AuditEntry, 'input'>): string | undefined {
  const { id, kind } = input?.principal ?? {};
  return id && kind && kind !== 'spiffe' ? `${shown(kind)} ${shown(id)}` : id || kind;
}

/** Of the bundle that decided, or of the one that a reload left serving. */
export function revisionOf({ bundles, intent, reload }: AuditEntry): string | undefined {
  return (bundles ?? intent?.bundles)?.policy?.revision ?? reload?.revision;
}

/** Why a call failed, or calls were turned away. */
export function reasonOf({ outcome, turned_away: away }: AuditEntry): string | undefined {
  return outcome?.reason ?? away?.reason;
}

/** Undefined if policy was not asked. */
export function policyOf(entry: AuditEntry): 'allowed' | 'denied' | undefined {
  const { result } = judged(entry);
  return result && (result.allow ? 'allowed' : 'denied');
}

/** The codes of the policy's reasons against the call. */
export function codesOf(entry: AuditEntry): string {
  return codesIn(judged(entry).result?.reasons);
}

export function codesIn(reasons: unknown): string {
  return Array.isArray(reasons) ? reasons.map((reason) => reason?.code ?? '').join(' ') : '';
}

/** The name under which a person knows the key. */
export function keyName(side: SideView | undefined): string {
  const name: unknown = aliasIn(side) ?? side?.key_arn ?? side?.requested_key_id ?? '';
  return shown(name).replace(/^.*:key\//, '');
}

/** The ARN of an alias may be of another account, where anybody can give a key the same alias as we. */
export function aliasIn(side: SideView | undefined): unknown {
  const { alias, aliases, requested_key_id: requested } = side ?? {};
  const isOurs = alias === requested || (Array.isArray(aliases) && aliases.includes(alias));
  return alias === undefined || isOurs ? alias : requested;
}
