package kms.reencrypt_test

import data.kms.reencrypt

key(alias) := {
	"known": true, "requested_key_id": alias, "key_id_form": "alias_name",
	"key_arn": $"arn:aws:kms:eu-west-1:111122223333:key/{trim_prefix(alias, "alias/")}",
	"partition": "aws", "account": "111122223333", "region": "eu-west-1", "key_id": trim_prefix(alias, "alias/"),
	"alias": alias, "aliases": [alias], "tags": {"env": "prod"}, "spec": "SYMMETRIC_DEFAULT",
	"usage": "ENCRYPT_DECRYPT", "origin": "AWS_KMS", "manager": "CUSTOMER", "state": "Enabled",
	"multi_region": false, "multi_region_type": "", "created_unix_ms": 1735689600000, "facts_off": [], "algorithm": "SYMMETRIC_DEFAULT",
	"encryption_context": {"tenant": "a"}, "encryption_context_keys": ["tenant"],
}

call := {
	"version": 1, "action": "kms:ReEncrypt", "phase": "request",
	"principal": {
		"id": "spiffe://example.org/orders", "kind": "spiffe", "authenticated": true,
		"spiffe": {"trust_domain": "example.org", "path": "/orders"}, "attributes": {"tenant": "a"},
	},
	"source": key("alias/from"), "destination": key("alias/to"),
	"relation": {
		"known": true, "same_key": false, "same_mrk_family": false, "same_account": true, "same_region": true,
		"context": {"added": [], "removed": [], "changed": [], "kept": ["tenant"]}, "algorithm_changed": false,
	},
	"request": {
		"id": "00000000-0000-4000-8000-000000000000", "transport": "grpc", "peer": "127.0.0.1:1",
		"dry_run": false, "dry_run_modifiers": [], "grant_token_count": 0, "ciphertext_bytes": 203,
		"ciphertext_sha256": "", "job": "",
	},
	"time": {"rfc3339": "2026-01-05T09:00:00.000Z", "unix_ms": 1767603600000, "weekday": "Monday", "hour_utc": 9},
}

rule := {"id": "r", "source": {"keys": ["alias/from"]}, "destination": {"keys": ["alias/to"]}}

# What the policy decides about a call if the principal has these rules.
decide(asked, rules) := decision if {
	principals := {"spiffe://example.org/orders": {"kinds": ["spiffe"], "rules": rules}}
	decision := reencrypt.decision with input as asked with data.kms_reencrypt.principals as principals
}

# call: patches to the call; rule: patches to the rule; code: the code of the one fault, or "".
cases := [
	{"name": "the plain call", "call": [], "rule": [], "code": ""},
	{"name": "another source key", "call": [["/source/alias", "alias/x"], ["/source/aliases", []], ["/source/key_arn", "arn:x"]], "rule": [], "code": "key"},
	{"name": "a key by its ARN", "call": [["/source/alias", ""], ["/source/aliases", []]], "rule": [["/source/keys", ["arn:aws:kms:eu-west-1:111122223333:key/from"]]], "code": ""},
	{"name": "a key by another alias of it", "call": [["/source/alias", ""], ["/source/aliases", ["alias/a", "alias/from"]]], "rule": [], "code": ""},
	{"name": "keys by a prefix", "call": [], "rule": [["/source/keys", ["alias/fr*"]]], "code": ""},
	{"name": "another prefix", "call": [], "rule": [["/source/keys", ["alias/tr*"]]], "code": "key"},
	{"name": "another account's alias of the same name", "call": [["/destination/key_id_form", "alias_arn"], ["/destination/aliases", []]], "rule": [], "code": "key"},
	{"name": "another account's alias of a prefix", "call": [["/destination/key_id_form", "alias_arn"], ["/destination/aliases", []]], "rule": [["/destination/keys", ["alias/*"]]], "code": "key"},
	{"name": "the ARN of an alias that the key has", "call": [["/source/key_id_form", "alias_arn"]], "rule": [], "code": ""},
	{"name": "no keys named", "call": [], "rule": [["/source", {}]], "code": "key"},
	{"name": "a disabled key", "call": [["/destination/state", "Disabled"]], "rule": [], "code": "key_state"},
	{"name": "a disabled key that may be", "call": [["/destination/state", "Disabled"]], "rule": [["/destination/states", ["Disabled"]]], "code": ""},
	{"name": "a tag", "call": [], "rule": [["/source/tags", {"env": ["prod"]}]], "code": ""},
	{"name": "another tag", "call": [], "rule": [["/source/tags", {"env": ["test"]}]], "code": "key_tag"},
	{"name": "a tag that is not there", "call": [["/source/tags", {}]], "rule": [["/source/tags", {"env": [""]}]], "code": "key_tag"},
	{"name": "a fact", "call": [], "rule": [["/destination/is", {"account": ["111122223333"], "spec": ["SYMMETRIC_DEFAULT"]}]], "code": ""},
	{"name": "another fact", "call": [], "rule": [["/destination/is", {"region": ["us-east-1"]}]], "code": "key_fact"},
	{"name": "a fact that there is not", "call": [], "rule": [["/destination/is", {"regoin": ["eu-west-1"]}]], "code": "key_fact"},
	{"name": "a fact that is rightly empty", "call": [], "rule": [["/destination/is", {"multi_region_type": [""]}]], "code": ""},
	{"name": "a fact that is not looked up", "call": [["/destination/facts_off", ["multi_region_type"]]], "rule": [["/destination/is", {"multi_region_type": [""]}]], "code": "key_fact"},
	{"name": "a context value", "call": [], "rule": [["/source/context", {"tenant": ["a", "b"]}]], "code": ""},
	{"name": "another context value", "call": [], "rule": [["/source/context", {"tenant": ["b"]}]], "code": "context_value"},
	{"name": "a forbidden context key", "call": [], "rule": [["/destination/forbidden_context_keys", ["tenant"]]], "code": "context_forbidden"},
	{"name": "a young key", "call": [["/time/unix_ms", 1735689600000 + (30 * 86400000)]], "rule": [["/source/max_age_days", 30]], "code": ""},
	{"name": "an old key", "call": [["/time/unix_ms", (1735689600000 + (30 * 86400000)) + 1]], "rule": [["/source/max_age_days", 30]], "code": "key_age"},
	{"name": "a key of unknown age", "call": [["/source/created_unix_ms", 0]], "rule": [["/source/max_age_days", 3650]], "code": "key_age"},
	{"name": "a tenant that changes", "call": [["/relation/context", {"added": [], "removed": [], "changed": ["tenant"], "kept": []}]], "rule": [], "code": "context_keep"},
	{"name": "a tenant that need not stay", "call": [["/relation/context", {"added": [], "removed": [], "changed": ["tenant"], "kept": []}]], "rule": [["/context", {"keep": []}]], "code": ""},
	{"name": "a welcome change", "call": [["/relation/context/added", ["v"]]], "rule": [["/context", {"changes": {"added": ["v"]}}]], "code": ""},
	{"name": "an unwelcome change", "call": [["/relation/context/added", ["w"]]], "rule": [["/context", {"changes": {"added": ["v"]}}]], "code": "context_change"},
	{"name": "the principal's own tenant", "call": [], "rule": [["/context", {"bind": {"tenant": "tenant"}}]], "code": ""},
	{"name": "another's tenant", "call": [["/principal/attributes/tenant", "b"]], "rule": [["/context", {"bind": {"tenant": "tenant"}}]], "code": "context_bind"},
	{"name": "a principal without a tenant", "call": [["/principal/attributes", {}]], "rule": [["/context", {"bind": {"tenant": "tenant"}}]], "code": "context_bind"},
	{"name": "a downgrade", "call": [["/destination/algorithm", "RSAES_OAEP_SHA_256"]], "rule": [], "code": "downgrade"},
	{"name": "a downgrade that may be", "call": [["/destination/algorithm", "RSAES_OAEP_SHA_256"]], "rule": [["/may_downgrade", true]], "code": ""},
	{"name": "the same account", "call": [], "rule": [["/relation", {"same_account": true, "same_region": true}]], "code": ""},
	{"name": "another account", "call": [["/relation/same_account", false]], "rule": [["/relation", {"same_account": true}]], "code": "relation"},
	{"name": "a dry run for dry runs", "call": [["/request/dry_run", true]], "rule": [["/call", {"dry_run_only": true}]], "code": ""},
	{"name": "no dry run for dry runs", "call": [], "rule": [["/call", {"dry_run_only": true}]], "code": "dry_run_only"},
	{"name": "working hours", "call": [], "rule": [["/call", {"hours_utc": [9, 17], "weekdays": ["Monday"]}]], "code": ""},
	{"name": "after hours", "call": [["/time/hour_utc", 17]], "rule": [["/call", {"hours_utc": [9, 17]}]], "code": "hour"},
	{"name": "a day off", "call": [["/time/weekday", "Sunday"]], "rule": [["/call", {"weekdays": ["Monday"]}]], "code": "weekday"},
	{"name": "in time", "call": [], "rule": [["/call", {"until_unix_ms": 1767603600001}]], "code": ""},
	{"name": "too late", "call": [], "rule": [["/call", {"until_unix_ms": 1767603600000}]], "code": "ended"},
	{"name": "an unknown source", "call": [["/source", unknown], ["/relation/known", false]], "rule": [], "code": ""},
	{"name": "an unknown source that must be known", "call": [["/source", unknown], ["/relation/known", false]], "rule": [["/source/may_be_unknown", false]], "code": "source_unknown"},
	{"name": "a source that KMS reported", "call": [["/phase", "result"]], "rule": [], "code": ""},
	{"name": "a source that KMS reported and the caller must name", "call": [["/phase", "result"]], "rule": [["/source/may_be_unknown", false]], "code": "source_unknown"},
]

unknown := object.union(key("alias/from"), {
	"known": false, "requested_key_id": "", "key_id_form": "", "key_arn": "", "partition": "", "account": "",
	"region": "", "key_id": "", "alias": "", "aliases": [], "tags": {}, "spec": "", "usage": "", "origin": "",
	"manager": "", "state": "",
})

patched(value, patches) := json.patch(value, [{"op": "add", "path": path, "value": put} |
	some [path, put] in patches
])

test_every_condition[test.name] if {
	some test in cases
	decision := decide(patched(call, test.call), [patched(rule, test.rule)])
	allowed := test.code == ""
	decision.allow == allowed
	codes := {reason.code | some reason in decision.reasons}
	codes == expected(test.code)
	decision.rule == "r"
}

expected(code) := set() if code == ""

expected(code) := {code} if code != ""

test_fits_and_faults_agree if {
	every test in cases {
		decision := decide(patched(call, test.call), [patched(rule, test.rule)])
		faultless := count(decision.reasons) == 0
		decision.allow == faultless
	}
}

test_reasons_about_keys_of_the_caller_are_few_and_short if {
	keys := [$"{n}{concat("", ["k" | some _ in numbers.range(1, 2000)])}" | some n in numbers.range(1, 70)]
	asked := patched(call, [["/relation/context/added", keys]])
	decision := decide(asked, [patched(rule, [["/context", {"changes": {"added": []}}]])])
	count(decision.reasons) == 16
	every reason in decision.reasons {
		count(reason.message) < 1024
	}
}

test_reasons_are_as_many_as_may_be if {
	tags := {$"tag-{n}": ["x"] | some n in numbers.range(1, 70)}
	count(decide(call, [patched(rule, [["/source/tags", tags]])]).reasons) == 64
}

test_nobody_without_a_rule if {
	decision := reencrypt.decision with input as call with data.kms_reencrypt.principals as {}
	decision == {"allow": false, "rule": "", "reasons": [{"code": "no_rule", "message": "no rule is for this principal (spiffe)", "side": ""}]}
}

test_an_id_of_another_kind_is_another_principal if {
	not decide(patched(call, [["/principal/kind", "jwt"]]), [rule]).allow
}

test_the_nearest_rule_tells if {
	far := patched(rule, [["/id", "far"], ["/source/keys", []], ["/destination/keys", []]])
	near := patched(rule, [["/id", "near"], ["/source/keys", []]])
	decision := decide(call, [far, near])
	decision.rule == "near"
}

test_any_fitting_rule_allows if {
	wrong := patched(rule, [["/id", "wrong"], ["/source/keys", []]])
	decision := decide(call, [wrong, rule])
	decision.allow
	decision.rule == "r"
}

test_another_version_is_not_judged if not decide(patched(call, [["/version", 2]]), [rule]).allow

test_a_check_is_for_principals_with_rules if {
	check := patched(call, [["/action", "kms:CheckReEncrypt"]])
	decide(check, [rule]).allow
	not decide(check, []).allow
}

test_a_rule_that_lacks_a_side_fits_nothing if {
	every side in ["source", "destination"] {
		decision := decide(call, [object.remove(rule, [side])])
		decision.allow == false
	}
}
