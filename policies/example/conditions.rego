# The conditions of a rule, each written once: `fits` asks whether any is broken, `faults` which ones.
# A field that a rule leaves out is not checked, with these exceptions: both keys must be named and
# Enabled, `tenant` must be in both encryption contexts with the same value, and the call must not move
# from a symmetric key to an asymmetric one.
package kms.reencrypt

fits(rule) if {
	not wrong_side(rule.source, input.source)
	not wrong_side(rule.destination, input.destination)
	not wrong_contexts(object.get(rule, "context", {}))
	not wrong_relation(rule)
	not wrong_call(rule)
}

# --- one side: its key, once that is known, and its encryption context

wrong_side(want, have) if wrong_key(want, have)

wrong_side(want, have) if wrong_state(want, have)

wrong_side(want, have) if too_old(want, have)

wrong_side(want, have) if wrong_tags(want, have) != []

wrong_side(want, have) if wrong_facts(want, have) != []

wrong_side(want, have) if source_needed(want, have)

wrong_side(want, have) if wrong_values(want, have) != []

wrong_side(want, have) if forbidden_keys(want, have) != []

wrong_key(want, have) if {
	have.known
	not named(object.get(want, "keys", []), have)
}

named(patterns, key) if own_alias(key) in patterns

named(patterns, key) if key.key_arn in patterns

named(patterns, key) if {
	some alias in key.aliases
	alias in patterns
}

named(patterns, key) if {
	some pattern in patterns
	endswith(pattern, "*")
	some name in array.concat(key.aliases, [own_alias(key), key.key_arn])
	startswith(name, trim_suffix(pattern, "*"))
}

# Only a bare alias is looked up in the proxy's own account. The ARN of an alias may be of another account, where
# anybody can give a key the same alias.
own_alias(key) := key.alias if {
	key.key_id_form == "alias_name"
} else := ""

wrong_state(want, have) if {
	have.known
	not have.state in object.get(want, "states", ["Enabled", ""])
}

# A key of unknown age counts as older than any limit. The limit is read first: arithmetic is slow in Wasm.
too_old(want, have) if {
	days := want.max_age_days
	have.known
	(input.time.unix_ms - have.created_unix_ms) / 86400000 > days
}

wrong_tags(want, have) := [tag |
	have.known
	some tag, values in want.tags
	not within(have.tags, tag, values)
]

wrong_facts(want, have) := [fact |
	have.known
	some fact, values in want.is
	not has(have, fact, values)
]

# A fact that is not looked up is empty, and emptiness may be what the rule asks for.
has(key, fact, values) if {
	key[fact] in values
	not fact in key.facts_off
}

within(object, key, values) if object[key] in values

# In the phase `result` the source key is known, and the caller has not named it.
source_needed(want, have) if {
	want.may_be_unknown == false
	not named_by_caller(have)
}

named_by_caller(key) if {
	key.known
	input.phase == "request"
}

wrong_values(want, have) := [key |
	some key, values in want.context
	not within(have.encryption_context, key, values)
]

forbidden_keys(want, have) := [key |
	some key in want.forbidden_context_keys
	key in have.encryption_context_keys
]

# --- both encryption contexts

wrong_contexts(want) if not_kept(want) != []

wrong_contexts(want) if unwelcome(want) != []

wrong_contexts(want) if not_own(want) != []

not_kept(want) := [key |
	some key in object.get(want, "keep", ["tenant"])
	not key in input.relation.context.kept
]

unwelcome(want) := [key |
	some change, welcome in want.changes
	some key in input.relation.context[change]
	not key in welcome
]

not_own(want) := [key |
	some key, attribute in want.bind
	not own(key, attribute)
]

own(key, attribute) if {
	value := input.principal.attributes[attribute]
	value != ""
	value == input.source.encryption_context[key]
	value == input.destination.encryption_context[key]
}

# --- both keys

wrong_relation(rule) if downgrade(rule)

wrong_relation(rule) if wrong_relations(rule) != []

downgrade(rule) if {
	input.source.algorithm == "SYMMETRIC_DEFAULT"
	input.destination.algorithm != "SYMMETRIC_DEFAULT"
	not rule.may_downgrade == true
}

wrong_relations(rule) := [relation |
	some relation, wanted in rule.relation
	input.relation.known
	not input.relation[relation] == wanted
]

# --- the call

wrong_call(rule) if {
	rule.call.dry_run_only
	not input.request.dry_run
}

wrong_call(rule) if wrong_hour(rule)

wrong_call(rule) if wrong_weekday(rule)

wrong_call(rule) if ended(rule)

wrong_hour(rule) if {
	[from, to] := rule.call.hours_utc
	not in_hours(from, to)
}

in_hours(from, to) if {
	input.time.hour_utc >= from
	input.time.hour_utc < to
}

wrong_weekday(rule) if {
	weekdays := rule.call.weekdays
	not input.time.weekday in weekdays
}

ended(rule) if input.time.unix_ms >= rule.call.until_unix_ms
