# The fields that a rule in data.json has, and what each may hold.
package kms.reencrypt

closed_objects := {
	"context.changes": {"at": ["context", "changes"], "fields": ["added", "removed", "changed"]},
	"relation": {"at": ["relation"], "fields": ["same_key", "same_mrk_family", "same_account", "same_region"]},
	"source.is": {"at": ["source", "is"], "fields": object.keys(facts)},
	"destination.is": {"at": ["destination", "is"], "fields": object.keys(facts)},
}

known_kinds := ["spiffe", "mtls", "jwt", "uds", "access_key", "anonymous"]

known_values := {
	"source.states": {"at": ["source", "states"], "values": states},
	"destination.states": {"at": ["destination", "states"], "values": states},
	"call.weekdays": {"at": ["call", "weekdays"], "values": weekdays},
}

# As KMS names them; "" if the proxy does not look them up.
states := [
	"Creating", "Disabled", "Enabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion", "Unavailable",
	"Updating", "",
]

hours := numbers.range(0, 24)

weekdays := ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# The fields of a side that hold a single value; not `alias`, which in the ARN of an alias any account may use.
facts := {
	"account": "string", "algorithm": "string", "created_unix_ms": "number", "key_arn": "string",
	"key_id": "string", "key_id_form": "string", "known": "boolean", "manager": "string", "multi_region": "boolean",
	"multi_region_type": "string", "origin": "string", "partition": "string", "region": "string",
	"requested_key_id": "string", "spec": "string", "state": "string", "usage": "string",
}

known_fields := {
	"": {
		"id": text, "source": object_of("any"), "destination": object_of("any"), "context": object_of("any"),
		"relation": object_of("boolean"), "may_downgrade": flag, "call": object_of("any"),
	},
	"source.": object.union(side, {"may_be_unknown": flag}),
	"destination.": side,
	"context.": {"keep": texts, "changes": object_of("texts"), "bind": object_of("string")},
	"call.": {
		"dry_run_only": flag, "weekdays": texts, "hours_utc": pair,
		"until_unix_ms": number,
	},
}

side := {
	"keys": texts, "states": texts, "max_age_days": number, "tags": object_of("texts"), "is": object_of("array"),
	"context": object_of("texts"), "forbidden_context_keys": texts,
}

text := {"is": "a string", "type": "string", "items": "any"}

number := {"is": "a number", "type": "number", "items": "any"}

texts := {"is": "a list of strings", "type": "array", "items": "string"}

pair := {"is": "a list of two numbers", "type": "array", "items": "number"}

flag := {"is": "true or false", "type": "boolean", "items": "any"}

object_of(items) := {"is": described[items], "type": "object", "items": items}

described := {
	"any": "an object", "array": "an object of lists", "texts": "an object of lists of strings", "string": "an object of strings",
	"boolean": "an object of true and false",
}

right(value, wanted) if {
	type_name(value) == wanted.type
	wanted.items == "any"
}

right(value, wanted) if {
	type_name(value) == wanted.type
	wanted.items == "texts"
	every list in value {
		is_array(list)
		every item in list {
			is_string(item)
		}
	}
}

right(value, wanted) if {
	type_name(value) == wanted.type
	not wanted.items in ["any", "texts"]
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
