# What is wrong with the call under each rule of its principal, and on which side. Evaluated only for a denial.
package kms.reencrypt

faults[rule.id] contains fault("key", side, $"rule {rule.id} is not for this {side} key") if {
	some rule in rules
	some side in ["source", "destination"]
	wrong_key(rule[side], input[side])
}

faults[rule.id] contains fault("key_state", side, $"the {side} key is {input[side].state}") if {
	some rule in rules
	some side in ["source", "destination"]
	wrong_state(rule[side], input[side])
}

faults[rule.id] contains fault("key_age", side, $"the {side} key is older than {rule[side].max_age_days} days") if {
	some rule in rules
	some side in ["source", "destination"]
	too_old(rule[side], input[side])
}

faults[rule.id] contains fault("key_tag", side, $"the {side} key's tag {tag} is not what rule {rule.id} asks for") if {
	some rule in rules
	some side in ["source", "destination"]
	some tag in wrong_tags(rule[side], input[side])
}

faults[rule.id] contains fault("key_fact", side, $"the {side} key's {fact} is not what rule {rule.id} asks for") if {
	some rule in rules
	some side in ["source", "destination"]
	some fact in wrong_facts(rule[side], input[side])
}

faults[rule.id] contains fault("source_unknown", "source", $"rule {rule.id} asks for source_key_id") if {
	some rule in rules
	source_needed(rule.source, input.source)
}

faults[rule.id] contains fault("context_value", side, $"encryption context key {key} has not a value that rule {rule.id} asks for") if {
	some rule in rules
	some side in ["source", "destination"]
	some key in wrong_values(rule[side], input[side])
}

faults[rule.id] contains fault("context_forbidden", side, $"encryption context key {key} is forbidden by rule {rule.id}") if {
	some rule in rules
	some side in ["source", "destination"]
	some key in forbidden_keys(rule[side], input[side])
}

faults[rule.id] contains fault("context_keep", "destination", $"encryption context key {key} must be there and stay as it is") if {
	some rule in rules
	some key in not_kept(object.get(rule, "context", {}))
}

faults[rule.id] contains fault("context_change", "destination", $"encryption context key {substring(key, 0, 256)} must not be added, removed or changed so") if {
	some rule in rules # the keys are the caller's: a thousand of them, or long ones, would make no valid decision in time
	some key in array.slice(unwelcome(object.get(rule, "context", {})), 0, 16)
}

faults[rule.id] contains fault("context_bind", "source", $"encryption context key {key} is not the principal's own") if {
	some rule in rules
	some key in not_own(object.get(rule, "context", {}))
}

faults[rule.id] contains fault("downgrade", "destination", "a symmetric key must not give way to another kind") if {
	some rule in rules
	downgrade(rule)
}

faults[rule.id] contains fault("relation", "", $"rule {rule.id} asks for {relation} to be {rule.relation[relation]}") if {
	some rule in rules
	some relation in wrong_relations(rule)
}

faults[rule.id] contains fault("dry_run_only", "", $"rule {rule.id} is for dry runs") if {
	some rule in rules
	rule.call.dry_run_only
	not input.request.dry_run
}

faults[rule.id] contains fault("hour", "", $"rule {rule.id} is not for this hour (UTC)") if {
	some rule in rules
	wrong_hour(rule)
}

faults[rule.id] contains fault("weekday", "", $"rule {rule.id} is not for a {input.time.weekday}") if {
	some rule in rules
	wrong_weekday(rule)
}

faults[rule.id] contains fault("ended", "", $"rule {rule.id} has ended") if {
	some rule in rules
	ended(rule)
}

fault(code, side, message) := {"code": code, "side": side, "message": message}
