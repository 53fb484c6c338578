# METADATA
# title: Context migration
# description: |
#   Changes the encryption context under the same KMS key: context keys are renamed and keep their
#   values, and constants are added, as data.json says. Nothing else changes.
# schemas:
#   - input: schema.input
package kms.reencrypt

# METADATA
# entrypoint: true
decision := {"allow": true, "rule": "rename", "reasons": []} if {
	count(reasons) == 0
} else := {"allow": false, "rule": "rename", "reasons": sort([reason | some reason in reasons])}

reasons contains {"code": "principal", "side": "", "message": "only the migrators change encryption contexts"} if {
	not migrator
}

migrator if {
	input.principal.authenticated
	input.principal.kind == "spiffe" # a token's subject may look like one
	input.principal.id in data.context_migration.principals
}

reasons contains {"code": "same_key", "side": "destination", "message": "the key must stay the same"} if {
	not input.relation.same_key
}

reasons contains {"code": "context", "side": "destination", "message": "this is not what the source encryption context becomes"} if {
	not input.destination.encryption_context == expected # != denies nothing if data.json lacks a part of it
}

reasons contains {"code": "collision", "side": "source", "message": "two encryption context keys would become one"} if {
	not one_to_one
}

one_to_one if count(expected) == count(input.source.encryption_context) + count(data.context_migration.add)

reasons contains {"code": "algorithm", "side": "destination", "message": "the algorithm must stay the same"} if {
	input.relation.algorithm_changed
}

# What the source encryption context becomes.
expected := object.union(
	{renamed(key): value | some key, value in input.source.encryption_context},
	data.context_migration.add,
)

renamed(key) := object.get(data.context_migration.rename, key, key)
