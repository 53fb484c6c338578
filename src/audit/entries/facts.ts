import type { CallSide, KeyFacts, Principal } from '../../call.ts';
import { canonical, type Json, members } from '../../json/canonical.ts';
import type { Redactor } from './redact.ts';

interface Facts {
  /** One half of a call as the auditor sees it. */
  sideOf(side: CallSide, facts: KeyFacts | undefined): string;
  principalOf(principal: Principal): string;
}

/** Members sorted before `encryption_context`, and those after. */
interface KeyJson {
  readonly first: string;
  readonly rest: string;
}

/** Never written, whatever the configuration says: an attribute with such a name may hold a secret. */
const SECRET_NAME =
  /authorization|credential|password|secret|token|cookie|signature|private.?key|ciphertext|plaintext/i;

/** Key facts and principals outlive one call, so their JSON is made once and kept with them. */
export function createFacts(redactor: Redactor): Facts {
  const keys = new WeakMap<KeyFacts, KeyJson>();
  const principals = new WeakMap<Principal, string>();

  return {
    sideOf({ algorithm, encryptionContext, keyId }, facts) {
      const { first, rest } = facts ? keyOf(facts) : unknown(keyId);
      return `{"algorithm":"${algorithm}",${first}"encryption_context":${redactor.context(encryptionContext)},${rest}}`;
    },
    principalOf(principal) {
      let json = principals.get(principal);
      if (json === undefined) {
        json = toPrincipal(principal);
        principals.set(principal, json);
      }
      return json;
    },
  };

  function keyOf(facts: KeyFacts) {
    let kept = keys.get(facts);
    if (!kept) {
      kept = toKey(facts);
      keys.set(facts, kept);
    }
    return kept;
  }
}

function unknown(keyId: string): KeyJson {
  return { first: '', rest: `"requested_key_id":${JSON.stringify(keyId)}` };
}

function toKey(facts: KeyFacts): KeyJson {
  const first = members({
    alias: text(facts.alias),
    aliases: list(facts.aliases),
    created_unix_ms: facts.createdAt || undefined,
  });
  const rest = members({
    facts_off: list(facts.factsOff),
    key_arn: facts.keyArn,
    key_id_form: text(facts.keyIdForm),
    known: facts.known,
    manager: text(facts.manager),
    multi_region: facts.multiRegion || undefined,
    multi_region_type: text(facts.multiRegionType),
    origin: text(facts.origin),
    requested_key_id: facts.requestedKeyId,
    spec: text(facts.spec),
    state: text(facts.state),
    tags: Object.keys(facts.tags).length === 0 ? undefined : facts.tags,
    usage: text(facts.usage),
  });
  return { first: first === '' ? '' : `${first},`, rest };
}

const text = (value: string): string | undefined => value || undefined;
const list = (values: readonly string[]): readonly string[] | undefined =>
  values.length === 0 ? undefined : values;

function toPrincipal({ id, kind, authenticated, spiffe, attributes }: Principal): string {
  const named: Record<string, Json> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (!SECRET_NAME.test(name)) named[name] = value;
  }
  return canonical({
    attributes: Object.keys(named).length === 0 ? undefined : named,
    authenticated,
    id,
    kind,
    spiffe: kind === 'spiffe' ? { path: spiffe.path, trust_domain: spiffe.trustDomain } : undefined,
  });
}
