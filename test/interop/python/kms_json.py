"""One ReEncrypt through the proxy's KMS endpoint by boto3.

usage: kms_json.py ENDPOINT TENANT; prints what happened as one JSON object.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

endpoint, tenant = sys.argv[1:]
kms = boto3.client("kms", endpoint_url=endpoint, region_name="us-east-1")
acme = {"tenant": "acme"}
try:
    blob = kms.encrypt(KeyId="alias/demo-source", Plaintext=b"secret", EncryptionContext=acme)["CiphertextBlob"]
    moved = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceKeyId="alias/demo-source",
        SourceEncryptionContext=acme,
        DestinationKeyId="alias/demo-destination",
        DestinationEncryptionContext={"tenant": tenant},
    )
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"tenant": tenant})
    print(json.dumps({"plaintext": opened["Plaintext"].decode(), "key": moved["KeyId"]}))
except ClientError as error:
    print(json.dumps({**error.response["Error"], "id": error.response["ResponseMetadata"]["RequestId"]}))
