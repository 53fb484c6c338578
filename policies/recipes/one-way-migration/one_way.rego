# METADATA
# title: One-way migration
# description: |
#   Data moves from the old key of a pair to the new one, never back, and keeps its encryption context.
#   Only the pairs in data.json count, and pairs that lead back are refused when the bundle is loaded.
# schemas:
#   - input: schema.input
package kms.reencrypt

# METADATA
# entrypoint: true
decision := {"allow": true, "rule": "migrate", "reasons": [], "allow_unknown_source": true} if {
	count(reasons) == 0
} else := {"allow": false, "rule": "migrate", "reasons": sort([reason | some reason in reasons])}

reasons contains {"code": "principal", "side": "", "message": "only the migrators move data"} if {
	not migrator
}

migrator if {
	input.principal.authenticated
	input.principal.kind == "spiffe" # a token's subject may look like one
	input.principal.id in data.migration.principals
}

reasons contains {"code": "direction", "side": "destination", "message": "the destination is not where this source key moves to"} if {
	input.source.known
	not data.migration.moves[input.source.key_arn] == input.destination.key_arn # != denies nothing if there is no pair
}

# Before KMS has reported the source key, the destination must at least be the new key of some pair.
reasons contains {"code": "direction", "side": "destination", "message": "nothing moves to the destination key"} if {
	not input.source.known
	not input.destination.key_arn in {to | some to in data.migration.moves}
}

reasons contains {"code": "context", "side": "destination", "message": "a migration keeps the encryption context as it is"} if {
	some change in ["added", "removed", "changed"]
	input.relation.context[change] != []
}

# METADATA
# title: Errors of the pairs
# entrypoint: true
load_errors := sort([$"migration.moves: data that leaves {from} would come back" |
	some from, to in data.migration.moves
	from in graph.reachable(next, {to})
])

next := {from: {to} | some from, to in data.migration.moves}
