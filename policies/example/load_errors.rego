# What is wrong with data.json itself. The proxy asks once, when the bundle is loaded, and refuses a
# bundle that has any such error: a field that is misspelt or of the wrong type would switch its
# condition off. Checking for that on every call would cost as much as the decision.
package kms.reencrypt

# METADATA
# title: Errors of the rules
# entrypoint: true
load_errors := sort([error | some error in errors])

errors contains "kms_reencrypt.principals must be there" if not data.kms_reencrypt.principals

errors contains "kms_reencrypt.principals must be an object" if {
	principals := data.kms_reencrypt.principals
	not is_object(principals)
}

errors contains $"principal {name}: it must be an object" if {
	some name, grant in data.kms_reencrypt.principals
	not is_object(grant)
}

errors contains $"principal {name}: {field} must be a list" if {
	some name, grant in data.kms_reencrypt.principals
	some field in ["kinds", "rules"]
	not is_array(object.get(grant, field, ""))
}

errors contains $"principal {name}: there is no field {field}" if {
	some name, grant in data.kms_reencrypt.principals
	some field, _ in grant
	not field in ["kinds", "rules"]
}

errors contains $"principal {name}: kinds: {kind} is none of {listed(known_kinds)}" if {
	some name, grant in data.kms_reencrypt.principals
	some kind in grant.kinds
	not kind in known_kinds
}

errors contains $"principal {name}, rule {id}: id must have 1 to 256 characters" if {
	some [name, id, rule] in all_rules
	wrong_length(rule.id)
}

# Faults are kept by the id of their rule, so those of two rules with one id would be mixed. Sorting is
# slow in Wasm, and done only if there is something to report.
errors contains $"principal {name}: more than one rule has the id {id}" if {
	some name, grant in data.kms_reencrypt.principals
	ids := [rule.id | some rule in grant.rules]
	count({id | some id in ids}) < count(ids)
	sorted := sort(ids)
	some i, id in sorted
	id == sorted[i + 1]
}

errors contains $"principal {name}, rule {id}: it must be an object" if {
	some [name, id, rule] in all_rules
	not is_object(rule)
}

errors contains $"principal {name}, rule {id}: {path} must be there" if {
	some [name, id, rule] in all_rules
	some path in ["id", "source", "destination"]
	object.get(rule, path, null) == null
}

errors contains $"principal {name}, rule {id}: there is no field {part}{field}" if {
	some [name, id, rule] in all_rules
	some part, fields in known_fields
	some field, _ in part_of(rule, part)
	not fields[field]
}

errors contains $"principal {name}, rule {id}: {part}{field} must be {fields[field].is}" if {
	some [name, id, rule] in all_rules
	some part, fields in known_fields
	some field, value in part_of(rule, part)
	not right(value, fields[field])
}

errors contains $"principal {name}, rule {id}: there is no field {path}.{field}" if {
	some [name, id, rule] in all_rules
	some path, closed in closed_objects
	some field, _ in object.get(rule, closed.at, {})
	not field in closed.fields
}

errors contains $"principal {name}, rule {id}: {path}: {value} is none of {listed(known.values)}" if {
	some [name, id, rule] in all_rules
	some path, known in known_values
	some value in object.get(rule, known.at, [])
	not value in known.values
}

errors contains $"principal {name}, rule {id}: {side}.is.{fact} must be a list of {facts[fact]}s" if {
	some [name, id, rule] in all_rules
	some side in ["source", "destination"]
	some fact, values in rule[side].is
	some value in values
	type_name(value) != facts[fact]
}

errors contains $"principal {name}, rule {id}: {side}.keys: {pattern} is no ARN of a key and no alias/…, or has a * before its end" if {
	some [name, id, rule] in all_rules
	some side in ["source", "destination"]
	some pattern in rule[side].keys
	not names_keys(pattern)
}

errors contains $"principal {name}, rule {id}: call.hours_utc must be whole hours from 0 to 24" if {
	some [name, id, rule] in all_rules
	some hour in rule.call.hours_utc
	is_number(hour)
	not hour in hours
}

errors contains $"principal {name}, rule {id}: call.hours_utc must begin before it ends: over midnight it is two rules, one to 24 and one from 0, and for the whole day it is left out" if {
	some [name, id, rule] in all_rules
	[from, to] := rule.call.hours_utc
	is_number(from)
	is_number(to)
	from >= to
}

# Seconds would be a day in January 1970: whom the rule is for would find out in the emergency.
errors contains $"principal {name}, rule {id}: call.until_unix_ms must be in milliseconds, and {until} is long ago" if {
	some [name, id, rule] in all_rules
	until := rule.call.until_unix_ms
	is_number(until)
	until < 1000000000000
}

# Nanoseconds, as time.now_ns has them, would be an end that never comes.
errors contains $"principal {name}, rule {id}: call.until_unix_ms must be in milliseconds, and {until} is after the year 9999" if {
	some [name, id, rule] in all_rules
	until := rule.call.until_unix_ms
	is_number(until)
	until > 253402300799999
}

all_rules := [[name, called(index, rule), rule] |
	some name, grant in data.kms_reencrypt.principals
	some index, rule in grant.rules
]

# A rule is named by its id, as in denials; if the id is what is wrong, by its index from 0.
called(_, rule) := rule.id if has_id(rule)

called(index, rule) := index if not has_id(rule)

wrong_length("")

wrong_length(id) if count(id) > 256

has_id(rule) if {
	is_string(rule.id)
	rule.id != ""
}

part_of(rule, part) := rule if part == ""

part_of(rule, part) := rule[trim_suffix(part, ".")] if part != ""

# The input has aliases by name and keys by ARN: a pattern for anything else would never match.
names_keys("*")

names_keys(pattern) if {
	some start in ["alias/", "arn:"]
	startswith(pattern, start)
	not contains(pattern, ":alias/")
	not contains(trim_suffix(pattern, "*"), "*")
}

listed(values) := concat(", ", [value | some value in values; value != ""])
