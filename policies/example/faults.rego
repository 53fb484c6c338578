# What is wrong with the call under each rule of its principal: one block, one condition. A field that
# a rule leaves out asks for nothing, but for these, which hold unless the rule says otherwise: keys
# and state of both sides, a kept `tenant`, no way from a symmetric key to another kind.
package kms.reencrypt

# A side whose key is not known yet is judged when KMS has reported it (phase `result`).
sides contains side if {
	some side in ["source", "destination"]
	input[side].known
}

# What a key may be called in a rule.
names[side] := ({input[side].key_arn, input[side].alias} | {alias | some alias in input[side].aliases}) - {""} if {
	some side in sides
}

# --- the keys of both sides

faults[rule.id] contains {"code": "key", "side": side, "message": $"rule {rule.id} is not for this {side} key"} if {
	some rule in rules
	some side in sides
	not named(object.get(rule, [side, "keys"], []), names[side])
}

named(patterns, found) if {
	some pattern in patterns
	pattern in found
}

named(patterns, found) if {
	some pattern in patterns
	endswith(pattern, "*")
	some name in found
	startswith(name, trim_suffix(pattern, "*"))
}

faults[rule.id] contains {"code": "key_state", "side": side, "message": $"the {side} key is {input[side].state}"} if {
	some rule in rules
	some side in sides
	not "state" in input[side].facts_off
	not input[side].state in object.get(rule, [side, "states"], ["Enabled"])
}

faults[rule.id] contains {"code": "key_tag", "side": side, "message": $"the {side} key's tag {tag} is not one that rule {rule.id} asks for"} if {
	some rule in rules
	some side in sides
	some tag, values in rule[side].tags
	not tagged(input[side].tags, tag, values)
}

tagged(pairs, key, values) if pairs[key] in values

faults[rule.id] contains {"code": field, "side": side, "message": $"the {side} key's {field} is not one that rule {rule.id} asks for"} if {
	some rule in rules
	some side in sides
	some field, values in rule[side].is
	not input[side][field] in values
}

faults[rule.id] contains {"code": "source_unknown", "side": "source", "message": $"rule {rule.id} asks for source_key_id"} if {
	some rule in rules
	rule.source.may_be_unknown == false
	not input.source.known
}

# --- the encryption contexts

faults[rule.id] contains {"code": "context_keep", "side": "destination", "message": $"encryption context key {key} must be there and stay as it is"} if {
	some rule in rules
	some key in object.get(rule, ["context", "keep"], ["tenant"])
	not key in input.relation.context.kept
}

faults[rule.id] contains {"code": "context_change", "side": "destination", "message": $"encryption context key {key} may not be added, removed or changed"} if {
	some rule in rules
	some change, permitted in rule.context.changes
	some key in input.relation.context[change]
	not key in permitted
}

faults[rule.id] contains {"code": "context_value", "side": side, "message": $"encryption context key {key} has a value that rule {rule.id} does not ask for"} if {
	some rule in rules
	some side in ["source", "destination"]
	some key, values in rule[side].context
	not tagged(input[side].encryption_context, key, values)
}

faults[rule.id] contains {"code": "context_forbidden", "side": side, "message": $"encryption context key {key} is forbidden"} if {
	some rule in rules
	some side in ["source", "destination"]
	some key in rule[side].forbidden_context_keys
	key in input[side].encryption_context_keys
}

faults[rule.id] contains {"code": "context_binding", "side": "source", "message": $"encryption context key {key} is not the principal's own {attribute}"} if {
	some rule in rules
	some key, attribute in rule.context.bind
	not bound(key, attribute)
}

bound(key, attribute) if {
	value := input.source.encryption_context[key]
	value == input.destination.encryption_context[key]
	value == input.principal.attributes[attribute]
	value != ""
}

# --- both sides together

faults[rule.id] contains {"code": "downgrade", "side": "destination", "message": "from a symmetric key to another kind"} if {
	some rule in rules
	not rule.may_downgrade
	input.source.algorithm == "SYMMETRIC_DEFAULT"
	input.destination.algorithm != "SYMMETRIC_DEFAULT"
}

faults[rule.id] contains {"code": field, "side": "", "message": $"rule {rule.id} asks for {field} = {wanted}"} if {
	some rule in rules
	input.relation.known
	some field, wanted in rule.relation
	input.relation[field] != wanted
}

# --- the call

faults[rule.id] contains {"code": "dry_run_only", "side": "", "message": $"rule {rule.id} is for dry runs"} if {
	some rule in rules
	rule.dry_run_only
	not input.request.dry_run
}

faults[rule.id] contains {"code": "hours", "side": "", "message": $"rule {rule.id} is for the hours {rule.time.hours_utc} UTC"} if {
	some rule in rules
	hours := rule.time.hours_utc
	not within(hours, input.time.hour_utc)
}

within([from, to], hour) if {
	hour >= from
	hour < to
}

faults[rule.id] contains {"code": "weekday", "side": "", "message": $"rule {rule.id} is not for a {input.time.weekday}"} if {
	some rule in rules
	weekdays := rule.time.weekdays
	not input.time.weekday in weekdays
}

faults[rule.id] contains {"code": "expired", "side": "", "message": $"rule {rule.id} has ended"} if {
	some rule in rules
	input.time.unix_ms >= rule.time.until_unix_ms
}
