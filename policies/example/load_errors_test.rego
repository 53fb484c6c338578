package kms.reencrypt_test

import data.kms.reencrypt

errors(changed) := found if {
	principals := {"p": {"kinds": ["jwt"], "rules": [changed]}}
	found := reencrypt.load_errors with data.kms_reencrypt.principals as principals
}

test_there_are_none if reencrypt.load_errors == []

test_a_whole_rule_has_none if {
	errors({
		"id": "r",
		"source": {
			"keys": ["alias/a"], "states": ["Enabled"], "max_age_days": 365, "tags": {"env": ["prod"]}, "is": {"region": ["eu-west-1"]},
			"may_be_unknown": false, "context": {"tenant": ["a"]}, "forbidden_context_keys": ["x"],
		},
		"destination": {},
		"context": {"keep": ["tenant"], "changes": {"added": ["v"]}, "bind": {"tenant": "tenant"}},
		"relation": {"same_account": true},
		"may_downgrade": true,
		"call": {"dry_run_only": true, "hours_utc": [9, 17], "weekdays": ["Monday"], "until_unix_ms": 1767603600000},
	}) == []
}

wrong := [
	{"rule": [["/dry_run_onyl", true]], "error": "there is no field dry_run_onyl"},
	{"rule": [["/source/tag", {"env": ["prod"]}]], "error": "there is no field source.tag"},
	{"rule": [["/context", {"kept": ["tenant"]}]], "error": "there is no field context.kept"},
	{"rule": [["/call", {"weekday": ["Monday"]}]], "error": "there is no field call.weekday"},
	{"rule": [["/id", 1]], "error": "id must be a string", "called": 0},
	{"rule": [["/id", ""]], "error": "id must have 1 to 256 characters", "called": 0},
	{"rule": [["/id", long]], "error": "id must have 1 to 256 characters", "called": long},
	{"rule": [["/id", null]], "error": "id must be there", "called": 0},
	{"rule": [["/source", "alias/a"]], "error": "source must be an object"},
	{"rule": [["/source/keys", "alias/a"]], "error": "source.keys must be a list of strings"},
	{"rule": [["/source/tags", "prod"]], "error": "source.tags must be an object of lists of strings"},
	{"rule": [["/source/max_age_days", "365"]], "error": "source.max_age_days must be a number"},
	{"rule": [["/destination/is", {"region": "eu-west-1"}]], "error": "destination.is must be an object of lists"},
	{"rule": [["/destination/forbidden_context_keys", "x"]], "error": "destination.forbidden_context_keys must be a list of strings"},
	{"rule": [["/context", "keep"]], "error": "context must be an object"},
	{"rule": [["/context", {"keep": "tenant"}]], "error": "context.keep must be a list of strings"},
	{"rule": [["/context", {"keep": [1]}]], "error": "context.keep must be a list of strings"},
	{"rule": [["/context", {"bind": "tenant"}]], "error": "context.bind must be an object of strings"},
	{"rule": [["/context", {"changes": {"chnaged": []}}]], "error": "there is no field context.changes.chnaged"},
	{"rule": [["/relation", {"same_acount": true}]], "error": "there is no field relation.same_acount"},
	{"rule": [["/relation", "same_account"]], "error": "relation must be an object of true and false"},
	{"rule": [["/may_downgrade", "yes"]], "error": "may_downgrade must be true or false"},
	{"rule": [["/call", {"hours_utc": "9-17"}]], "error": "call.hours_utc must be a list of two numbers"},
	{"rule": [["/call", {"hours_utc": [9]}]], "error": "call.hours_utc must be a list of two numbers"},
	{"rule": [["/call", {"hours_utc": [22, 6]}]], "error": backwards},
	{"rule": [["/call", {"hours_utc": [6, 6]}]], "error": backwards},
	{"rule": [["/call", {"hours_utc": [22, 30]}]], "error": "call.hours_utc must be whole hours from 0 to 24"},
	{"rule": [["/call", {"hours_utc": [-1, 6]}]], "error": "call.hours_utc must be whole hours from 0 to 24"},
	{"rule": [["/call", {"hours_utc": [9.5, 17]}]], "error": "call.hours_utc must be whole hours from 0 to 24"},
	{"rule": [["/call", {"weekdays": ["monday"]}]], "error": "call.weekdays: monday is none of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"},
	{"rule": [["/source/states", ["enabled"]]], "error": "source.states: enabled is none of Creating, Disabled, Enabled, PendingDeletion, PendingImport, PendingReplicaDeletion, Unavailable, Updating"},
	{"rule": [["/source/is", {"acount": ["111122223333"]}]], "error": "there is no field source.is.acount"},
	{"rule": [["/source/is", {"account": [111122223333]}]], "error": "source.is.account must be a list of strings"},
	{"rule": [["/destination/is", {"multi_region": ["true"]}]], "error": "destination.is.multi_region must be a list of booleans"},
	{"rule": [["/source/tags", {"env": [1]}]], "error": "source.tags must be an object of lists of strings"},
	{"rule": [["/destination/may_be_unknown", false]], "error": "there is no field destination.may_be_unknown"},
	{"rule": [["/call", {"until_unix_ms": "2026-01-01"}]], "error": "call.until_unix_ms must be a number"},
	{"rule": [["/call", {"until_unix_ms": 1767603600}]], "error": "call.until_unix_ms must be in milliseconds, and 1767603600 is long ago"},
	{"rule": [["/call", {"until_unix_ms": 1767603600000000}]], "error": "call.until_unix_ms must be in milliseconds, and 1767603600000000 is after the year 9999"},
	{"rule": [["/destination/is", {"alias": ["alias/a"]}]], "error": "there is no field destination.is.alias"},
]

long := concat("", ["i" | some _ in numbers.range(1, 257)])

backwards := "call.hours_utc must begin before it ends: over midnight it is two rules, one to 24 and one from 0, and for the whole day it is left out"

test_every_mistake[test.error] if {
	some test in wrong
	found := errors(patched({"id": "r", "source": {}, "destination": {}}, test.rule))
	called := object.get(test, "called", "r")
	$"principal p, rule {called}: {test.error}" in found
}

keys_errors(pattern) := errors({"id": "r", "source": {"keys": [pattern]}, "destination": {}})

test_keys_that_can_fit[pattern] if {
	some pattern in ["*", "alias/a", "alias/a-*", "arn:aws:kms:*", "arn:aws:kms:eu-west-1:111122223333:key/k"]
	keys_errors(pattern) == []
}

test_keys_that_fit_none[pattern] if {
	some pattern in ["orders", "1234abcd-12ab-34cd-56ef-1234567890ab", "alias/*-archive", "arn:aws:kms:eu-west-1:111122223333:alias/a"]
	told := $"source.keys: {pattern} is no ARN of a key and no alias/…, or has a * before its end"
	keys_errors(pattern) == [$"principal p, rule r: {told}"]
}

test_every_mistake_is_in_one_rule if {
	every test in wrong {
		count(errors(patched({"id": "r", "source": {}, "destination": {}}, test.rule))) >= 1
	}
}

test_hours_that_are_no_numbers_are_told_once if {
	errors({"id": "r", "source": {}, "destination": {}, "call": {"hours_utc": ["9", "17"]}}) == ["principal p, rule r: call.hours_utc must be a list of two numbers"]
}

test_hours_and_days_that_there_are[hours] if {
	some hours in [[0, 24], [22, 24], [0, 6]]
	errors({"id": "r", "source": {}, "destination": {}, "call": {"hours_utc": hours, "weekdays": ["Sunday"]}}) == []
}

test_an_id_is_of_one_rule if {
	rule := {"id": "r", "source": {}, "destination": {}}
	principals := {"p": {"kinds": ["jwt"], "rules": [rule, patched(rule, [["/id", "q"]]), rule]}, "q": {"kinds": ["jwt"], "rules": [rule]}}
	found := reencrypt.load_errors with data.kms_reencrypt.principals as principals
	found == ["principal p: more than one rule has the id r"]
}

test_kinds_are_known if {
	found := reencrypt.load_errors with data.kms_reencrypt.principals as {"p": {"kinds": ["jwt", "spifee"], "rules": []}}
	found == ["principal p: kinds: spifee is none of spiffe, mtls, jwt, uds, access_key, anonymous"]
}

test_a_side_must_be_there if {
	"principal p, rule r: destination must be there" in errors({"id": "r", "source": {}})
}

test_a_principal_has_kinds_and_rules_alone if {
	found := reencrypt.load_errors with data.kms_reencrypt.principals as {"p": {"kinds": [], "rules": [], "dry_run_only": true}}
	found == ["principal p: there is no field dry_run_only"]
}

test_rules_must_be_a_list if {
	found := reencrypt.load_errors with data.kms_reencrypt.principals as {"p": {"kinds": "jwt", "rules": "all"}}
	found == ["principal p: kinds must be a list", "principal p: rules must be a list"]
}

test_principals_and_rules_must_be_objects if {
	principals := {"p": null, "q": {"kinds": ["jwt"], "rules": [null, "r"]}}
	found := reencrypt.load_errors with data.kms_reencrypt.principals as principals
	found == [
		"principal p: it must be an object", "principal q, rule 0: it must be an object",
		"principal q, rule 1: it must be an object",
	]
}

test_principals_must_be_there if {
	found := reencrypt.load_errors with data.kms_reencrypt as {}
	found == ["kms_reencrypt.principals must be there"]
}
