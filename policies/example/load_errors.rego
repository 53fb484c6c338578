# What is wrong with data.json itself. The proxy asks once, when the bundle is loaded, and a bundle that
# has anything to say here does not serve: a field that is misspelt or of the wrong type would switch
# its condition off, and to look for that on every call would cost as much as the decision.
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

errors contains $"principal {name}, rule {index}: {path} must be there" if {
	some [name, index, rule] in all_rules
	some path in ["id", "source", "destination"]
	object.get(rule, path, null) == null
}

errors contains $"principal {name}, rule {index}: there is no field {part}{field}" if {
	some [name, index, rule] in all_rules
	some part, fields in known_fields
	some field, _ in part_of(rule, part)
	not fields[field]
}

errors contains $"principal {name}, rule {index}: {part}{field} must be {fields[field].is}" if {
	some [name, index, rule] in all_rules
	some part, fields in known_fields
	some field, value in part_of(rule, part)
	not right(value, fields[field])
}

errors contains $"principal {name}, rule {index}: there is no field {path}.{field}" if {
	some [name, index, rule] in all_rules
	some path, fields in closed_objects
	some field, _ in object.get(rule, split(path, "."), {})
	not field in fields
}

errors contains $"principal {name}, rule {index}: {side}.keys: {pattern} is no ARN of a key and no alias/…, or has a * before its end" if {
	some [name, index, rule] in all_rules
	some side in ["source", "destination"]
	some pattern in rule[side].keys
	not names_keys(pattern)
}

errors contains $"principal {name}, rule {index}: call.hours_utc must begin before it ends" if {
	some [name, index, rule] in all_rules
	[from, to] := rule.call.hours_utc
	from >= to
}

all_rules := [[name, index, rule] |
	some name, grant in data.kms_reencrypt.principals
	some index, rule in grant.rules
]

part_of(rule, part) := rule if part == ""

part_of(rule, part) := rule[trim_suffix(part, ".")] if part != ""

# The input has aliases by name and keys by ARN: what is neither would fit none.
names_keys("*")

names_keys(pattern) if {
	some start in ["alias/", "arn:"]
	startswith(pattern, start)
	not contains(pattern, ":alias/")
	not contains(trim_suffix(pattern, "*"), "*")
}

# --- the fields, and what each may hold

closed_objects := {
	"context.changes": ["added", "removed", "changed"],
	"relation": ["same_key", "same_mrk_family", "same_account", "same_region"],
}

known_fields := {
	"": {
		"id": text, "source": object_of("any"), "destination": object_of("any"), "context": object_of("any"),
		"relation": object_of("boolean"), "may_downgrade": flag, "call": object_of("any"),
	},
	"source.": side,
	"destination.": side,
	"context.": {"keep": texts, "changes": object_of("array"), "bind": object_of("string")},
	"call.": {
		"dry_run_only": flag, "weekdays": texts, "hours_utc": numbers,
		"until_unix_ms": number,
	},
}

side := {
	"keys": texts, "states": texts, "max_age_days": number, "tags": object_of("array"), "is": object_of("array"),
	"may_be_unknown": flag, "context": object_of("array"), "forbidden_context_keys": texts,
}

text := {"is": "a string", "type": "string", "items": "any"}

number := {"is": "a number", "type": "number", "items": "any"}

texts := {"is": "a list of strings", "type": "array", "items": "string"}

numbers := {"is": "a list of two numbers", "type": "array", "items": "number"}

flag := {"is": "true or false", "type": "boolean", "items": "any"}

object_of(items) := {"is": described[items], "type": "object", "items": items}

described := {
	"any": "an object", "array": "an object of lists", "string": "an object of strings",
	"boolean": "an object of true and false",
}

right(value, wanted) if {
	type_name(value) == wanted.type
	wanted.items == "any"
}

right(value, wanted) if {
	type_name(value) == wanted.type
	wanted.items != "any"
	every item in value {
		type_name(item) == wanted.items
	}
	right_length(value, wanted)
}

right_length(_, wanted) if wanted.items != "number"

right_length(value, wanted) if {
	wanted.items == "number"
	count(value) == 2
}
