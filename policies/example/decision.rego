# METADATA
# title: kms-reencrypt-proxy, the example policy
# description: |
#   How a ReEncrypt is judged. Who may do what is data: data.json has rules for each principal,
#   which say from which keys, to which keys and with which encryption contexts. A call is allowed
#   if it fits one rule of its principal; otherwise the reasons are those of the rule that it comes
#   closest to. Start by editing data.json; docs/policy.md has every field.
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
	"reasons": array.slice(sort([fault | some fault in faults[nearest.id]]), 0, 64), # more would be invalid
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

# The rules of the principal, found by its id. Its kind must match too: the subject of a token is not
# a SPIFFE ID, even if it looks like one.
rules := grant.rules if {
	grant := data.kms_reencrypt.principals[name]
	input.principal.kind in grant.kinds
}

name := "anonymous" if {
	input.principal.kind == "anonymous"
} else := input.principal.id

fitting := [rule | some rule in rules; fits(rule)]

# The rule with the fewest faults; the first of them if several have as few.
nearest := [rule |
	some rule in rules
	count(object.get(faults, rule.id, [])) == fewest
][0]

fewest := min([count(object.get(faults, rule.id, [])) | some rule in rules])
