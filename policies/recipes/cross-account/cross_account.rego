# METADATA
# title: Cross-account hand-over
# description: |
#   Data is handed over from keys of our account to keys of a partner's, within one Region. The
#   destination's encryption context names the partner, the caller names the source key, and neither key
#   may be imported or kept outside KMS.
# schemas:
#   - input: schema.input
package kms.reencrypt

# METADATA
# entrypoint: true
decision := {
	"allow": true,
	"rule": partner.id,
	"reasons": [],
	"allow_unknown_source": false,
	"labels": {"partner": partner.id},
} if {
	count(reasons) == 0
} else := {"allow": false, "rule": "", "reasons": sort([reason | some reason in reasons])}

# The partner that the destination key belongs to, if this principal may hand data to it.
partner := data.partners[input.destination.account] if {
	input.principal.authenticated
	input.principal.kind == "spiffe" # a token's subject may look like one
	input.principal.id in data.partners[input.destination.account].principals
}

reasons contains {"code": "partner", "side": "destination", "message": "the principal hands nothing to this account"} if {
	not partner
}

reasons contains {"code": "own_account", "side": "source", "message": "only what is our own is handed over"} if {
	not input.source.account == data.own_account # != denies nothing if data.json lacks it
}

reasons contains {"code": "region", "side": "destination", "message": "data stays in its Region"} if {
	not input.relation.same_region
}

reasons contains {"code": "context", "side": "destination", "message": "the destination encryption context must name the partner"} if {
	partner
	not names_partner
}

names_partner if {
	partner.id != ""
	input.destination.encryption_context.partner == partner.id
}

reasons contains {"code": "origin", "side": side, "message": $"the {side} key is not of KMS's own making"} if {
	some side in ["source", "destination"]
	input[side].origin != "AWS_KMS"
}
