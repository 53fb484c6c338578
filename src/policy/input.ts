import type { Call, CallSide, KeyFacts, Phase, Principal, Resolved } from '../call.ts';
import { contextKeys } from '../encryption-context.ts';
import { WEEKDAYS } from './builtins/layout.ts';
import { type ContextChanges, contextChanges } from './context-changes.ts';

/** One side as policy sees it; policies/schemas/input.json says what each field holds. */
export interface InputSide {
  readonly known: boolean;
  readonly requested_key_id: string;
  readonly key_id_form: string;
  readonly key_arn: string;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly key_id: string;
  readonly alias: string;
  readonly aliases: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly manager: string;
  readonly state: string;
  readonly multi_region: boolean;
  readonly multi_region_type: string;
  readonly created_unix_ms: number;
  readonly facts_off: readonly string[];
  readonly algorithm: string;
  readonly encryption_context: Readonly<Record<string, string>>;
  readonly encryption_context_keys: readonly string[];
}

/** The whole input of a decision, version 1. Total: every field is always there. */
export interface PolicyInput {
  readonly version: 1;
  readonly action: string;
  readonly phase: Phase;
  readonly principal: {
    readonly id: string;
    readonly kind: string;
    readonly authenticated: boolean;
    readonly spiffe: { readonly trust_domain: string; readonly path: string };
    readonly attributes: Readonly<Record<string, string>>;
  };
  readonly source: InputSide;
  readonly destination: InputSide;
  readonly relation: {
    readonly known: boolean;
    readonly same_key: boolean;
    readonly same_mrk_family: boolean;
    readonly same_account: boolean;
    readonly same_region: boolean;
    readonly context: ContextChanges;
    readonly algorithm_changed: boolean;
  };
  readonly request: {
    readonly id: string;
    readonly transport: string;
    readonly peer: string;
    readonly dry_run: boolean;
    readonly dry_run_modifiers: readonly string[];
    readonly grant_token_count: number;
    readonly ciphertext_bytes: number;
    readonly ciphertext_sha256: string;
    readonly job: string;
  };
  readonly time: {
    readonly rfc3339: string;
    readonly unix_ms: number;
    readonly weekday: string;
    readonly hour_utc: number;
  };
}

/** The one place where a call's camelCase becomes the snake_case of policy. */
export function toInput(resolved: Resolved, phase: Phase): PolicyInput {
  const { call, principal, keys } = resolved;
  const source = toSide(call.source, keys.source);
  const destination = toSide(call.destination, keys.destination);
  return {
    version: 1,
    action: call.action,
    phase,
    principal: toPrincipal(principal),
    source,
    destination,
    relation: toRelation(source, destination),
    request: toRequest(call),
    time: toTime(call.receivedAt),
  };
}

export function toRequest(call: Call): PolicyInput['request'] {
  return {
    id: call.id,
    transport: call.transport,
    peer: call.arrival.peer,
    dry_run: call.dryRun,
    dry_run_modifiers: call.dryRunModifiers,
    grant_token_count: call.grantTokens.length,
    ciphertext_bytes: call.ciphertext.length,
    ciphertext_sha256: call.fingerprint,
    job: call.job,
  };
}

function toPrincipal({
  id,
  kind,
  authenticated,
  spiffe,
  attributes,
}: Principal): PolicyInput['principal'] {
  return {
    id,
    kind,
    authenticated,
    spiffe: { trust_domain: spiffe.trustDomain, path: spiffe.path },
    attributes,
  };
}

function toSide({ algorithm, encryptionContext }: CallSide, key: KeyFacts): InputSide {
  return {
    ...toKey(key),
    algorithm,
    encryption_context: encryptionContext,
    encryption_context_keys: contextKeys(encryptionContext),
  };
}

type CallFields = 'algorithm' | 'encryption_context' | 'encryption_context_keys';

function toKey(key: KeyFacts): Omit<InputSide, CallFields> {
  return {
    known: key.known,
    requested_key_id: key.requestedKeyId,
    key_id_form: key.keyIdForm,
    key_arn: key.keyArn,
    partition: key.partition,
    account: key.account,
    region: key.region,
    key_id: key.keyId,
    alias: key.alias,
    aliases: key.aliases,
    tags: key.tags,
    spec: key.spec,
    usage: key.usage,
    origin: key.origin,
    manager: key.manager,
    state: key.state,
    multi_region: key.multiRegion,
    multi_region_type: key.multiRegionType,
    created_unix_ms: key.createdAt,
    facts_off: key.factsOff,
  };
}

/** While one side is unknown nothing is said of both: all false, and `known` says why. */
export function toRelation(source: InputSide, destination: InputSide): PolicyInput['relation'] {
  const known = source.known && destination.known;
  const same = (...fields: (keyof InputSide)[]) =>
    known && fields.every((field) => source[field] !== '' && source[field] === destination[field]);
  const multiRegion = source.multi_region && destination.multi_region;
  return {
    known,
    same_key: same('key_arn'),
    same_mrk_family: multiRegion && same('account', 'partition', 'key_id'),
    same_account: same('account', 'partition'),
    same_region: same('region', 'partition'),
    context: contextChanges(source.encryption_context, destination.encryption_context),
    algorithm_changed: source.algorithm !== destination.algorithm,
  };
}

export function toTime(milliseconds: number): PolicyInput['time'] {
  const date = new Date(milliseconds);
  return {
    rfc3339: date.toISOString(),
    unix_ms: milliseconds,
    weekday: WEEKDAYS[date.getUTCDay()] ?? '',
    hour_utc: date.getUTCHours(),
  };
}
