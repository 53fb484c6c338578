# METADATA
# title: kms-reencrypt-proxy, the example policy
# description: |
#   How a ReEncrypt is judged. What that applies to is data: data.json names, per principal, rules
#   that say from which keys, to which keys and with which encryption contexts. A call is allowed
#   when one rule of its principal finds nothing wrong with it; otherwise the rule that came nearest
#   says what is wrong. Start by editing data.json; docs/policy.md has every field.
# schemas:
#   - input: schema.input
package kms.reencrypt

# METADATA
# title: The decision
# description: allow, reasons [{code, message, side}], rule and allow_unknown_source
# entrypoint: true
decision := {
	"allow": true,
	"rule": fitting[0].id,
	"reasons": [],
	"allow_unknown_source": object.get(fitting[0], ["source", "may_be_unknown"], true),
} if {
	judged
	fitting[0]
} else := {
	"allow": false,
	"rule": nearest.id,
	"reasons": sort([fault | some fault in faults[nearest.id]]),
} if {
	judged
	nearest.id
} else := {"allow": true, "rule": "check", "reasons": [], "allow_unknown_source": true} if {
	input.version == 1
	input.action == "kms:CheckReEncrypt"
	rules[0]
} else := {"allow": false, "rule": "", "reasons": [stranger]}

judged if {
	input.version == 1
	input.action == "kms:ReEncrypt"
}

stranger := {
	"code": "no_rule",
	"message": $"no rule is for this principal ({input.principal.kind})",
	"side": "",
}

# The rules of the principal, found by its id. Its kind counts too: the subject of a token is no
# SPIFFE id, though it may be spelt like one.
rules := grant.rules if {
	grant := data.kms_reencrypt.principals[name]
	input.principal.kind in grant.kinds
}

name := "anonymous" if {
	input.principal.kind == "anonymous"
} else := input.principal.id

fitting := [rule | some rule in rules; fits(rule)]

# Of the rules that do not fit, the one with the fewest faults; the first where several have as few.
nearest := [rule |
	some rule in rules
	count(object.get(faults, rule.id, [])) == fewest
][0]

fewest := min([count(object.get(faults, rule.id, [])) | some rule in rules])
