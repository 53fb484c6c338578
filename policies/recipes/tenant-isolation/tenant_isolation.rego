# METADATA
# title: Tenant isolation
# description: |
#   A workload re-encrypts its own tenant's data and nobody else's: `tenant` in both encryption
#   contexts, the `tenant` tag of both keys and the tenant of the principal must all be the same.
# schemas:
#   - input: schema.input
package kms.reencrypt

# METADATA
# entrypoint: true
decision := {
	"allow": true,
	"rule": "own_tenant",
	"reasons": [],
	"allow_unknown_source": true,
	"labels": {"tenant": tenant},
} if {
	count(reasons) == 0
} else := {"allow": false, "rule": "own_tenant", "reasons": sort([reason | some reason in reasons])}

default tenant := ""

# data.json says which tenant a principal belongs to; it must not be able to claim one itself.
tenant := data.tenants[input.principal.id] if {
	input.principal.authenticated
	input.principal.kind == "spiffe" # a token's subject may look like one
}

reasons contains {"code": "no_tenant", "side": "", "message": "the principal belongs to no tenant"} if tenant == ""

reasons contains {"code": "context", "side": side, "message": $"the {side} encryption context is another tenant's"} if {
	some side in ["source", "destination"]
	object.get(input[side].encryption_context, "tenant", "") != tenant
}

reasons contains {"code": "key", "side": side, "message": $"the {side} key is another tenant's"} if {
	some side in ["source", "destination"]
	input[side].known
	object.get(input[side].tags, "tenant", "") != tenant
}
