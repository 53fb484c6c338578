# METADATA
# title: Break-glass
# description: |
#   In an emergency, named people may re-encrypt between the keys of an incident, until a time that is
#   written down beforehand and at most a day after its beginning. Every such decision has the incident
#   as a label in the audit log.
# schemas:
#   - input: schema.input
package kms.reencrypt

# METADATA
# entrypoint: true
decision := {
	"allow": true,
	"rule": open_glass[0].id,
	"reasons": [],
	"labels": {"incident": open_glass[0].id},
} if {
	open_glass[0]
} else := {"allow": false, "rule": "", "reasons": [{
	"code": "no_incident",
	"side": "",
	"message": "no open incident lets this principal use these keys",
}]}

open_glass := [incident |
	some incident in data.incidents
	input.principal.authenticated
	input.principal.kind == "spiffe" # a token's subject may look like one
	input.principal.id in incident.principals
	input.source.key_arn in incident.keys
	input.destination.key_arn in incident.keys
	open(incident)
]

# At most a day, whatever the data says.
open(incident) if {
	now := time.now_ns()
	from := time.parse_rfc3339_ns(incident.from)
	until := time.parse_rfc3339_ns(incident.until)
	now >= from
	now < until
	until <= time.add_date(from, 0, 0, 1)
}
