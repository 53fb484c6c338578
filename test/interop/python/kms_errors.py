"""Every error of ReEncrypt by its boto3 exception class, and the good cases around them.

usage: kms_errors.py ENDPOINT; prints one JSON object: name of the case -> what happened.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

kms = boto3.client("kms", endpoint_url=sys.argv[1], region_name="us-east-1")
seen = {}


def case(name, call):
    """Notes the exception's class, its code, HTTP status and message, or the answer's members."""
    try:
        answer = call()
        seen[name] = sorted(member for member in answer if member != "ResponseMetadata")
    except ClientError as error:
        seen[name] = {
            "class": type(error).__name__,
            "code": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "message": error.response["Error"]["Message"],
            "request_id": len(error.response["ResponseMetadata"]["RequestId"]),
        }


def key(**settings):
    return kms.create_key(**settings)["KeyMetadata"]


source, destination = key(), key()
kms.create_alias(AliasName="alias/boto3", TargetKeyId=destination["KeyId"])
context = {"tenant": "acme", "länge": "ä€"}
blob = kms.encrypt(KeyId=source["Arn"], Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]


def re_encrypt(**changes):
    request = {
        "CiphertextBlob": blob,
        "SourceEncryptionContext": context,
        "DestinationKeyId": destination["KeyId"],
        "DestinationEncryptionContext": {"tenant": "other"},
    }
    request.update(changes)
    return kms.re_encrypt(**{name: value for name, value in request.items() if value is not None})


forms = [source["KeyId"], source["Arn"]]
targets = [
    destination["KeyId"],
    destination["Arn"],
    "alias/boto3",
    destination["Arn"].split("key/")[0] + "alias/boto3",
]
for form in forms:
    for target in targets:
        moved = re_encrypt(SourceKeyId=form, DestinationKeyId=target)
        opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"tenant": "other"})
        assert opened["Plaintext"] == b"secret"
        assert (moved["SourceKeyId"], moved["KeyId"]) == (source["Arn"], destination["Arn"])
case("done", re_encrypt)

disabled, doomed, waiting = key(), key(), key(Origin="EXTERNAL")
kms.disable_key(KeyId=disabled["KeyId"])
kms.schedule_key_deletion(KeyId=doomed["KeyId"])
signing = key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
missing = "1234abcd-12ab-34cd-56ef-1234567890ab"

case("missing key", lambda: re_encrypt(DestinationKeyId=missing))
case("disabled key", lambda: re_encrypt(DestinationKeyId=disabled["KeyId"]))
case("key pending deletion", lambda: re_encrypt(DestinationKeyId=doomed["KeyId"]))
case("key pending import", lambda: re_encrypt(DestinationKeyId=waiting["KeyId"]))
case("wrong source key", lambda: re_encrypt(SourceKeyId=destination["KeyId"]))
case("wrong context", lambda: re_encrypt(SourceEncryptionContext={"tenant": "acme"}))
case("damaged", lambda: re_encrypt(CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1])))
case("key for signing", lambda: re_encrypt(DestinationKeyId=signing["KeyId"]))
case("grant token", lambda: re_encrypt(GrantTokens=["made-up"]))
case("dry run", lambda: re_encrypt(DryRun=True))
case("empty context value", lambda: re_encrypt(DestinationEncryptionContext={"a": ""}))
case("gone key", lambda: boto3.client("kms", endpoint_url=sys.argv[1], region_name="eu-west-3").decrypt(CiphertextBlob=blob, EncryptionContext=context))

names = []
for _ in range(5):
    names.append(key()["KeyId"])
pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
listed = [entry["KeyId"] for page in pages for entry in page["Keys"]]
assert len(listed) == len(set(listed)) and set(names) <= set(listed)
kms.tag_resource(KeyId=names[0], Tags=[{"TagKey": str(i), "TagValue": "v"} for i in range(50)])
tags = [tag for page in kms.get_paginator("list_resource_tags").paginate(KeyId=names[0], PaginationConfig={"PageSize": 7}) for tag in page["Tags"]]
assert len(tags) == 50
print(json.dumps(seen))
