"""The same by an unchanged boto3: it speaks AWS's own protocol to the proxy's KMS endpoint.

Usage: re_encrypt.py CIPHERTEXT_FILE RESULT_FILE. PROXY_ENDPOINT is the URL of kms_json.listen.
"""

import os
import sys
from pathlib import Path
from unicodedata import category

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError


def printable(told: object) -> str:
    """Without what a terminal would obey instead of showing."""
    return "".join("\ufffd" if category(letter) == "Cc" else letter for letter in str(told))


source, result = map(Path, sys.argv[1:])
kms = boto3.client(
    "kms",
    endpoint_url=os.environ.get("PROXY_ENDPOINT", "http://127.0.0.1:50080"),
    region_name=os.environ.get("AWS_REGION", "us-east-1"),
)
try:
    answer = kms.re_encrypt(
        CiphertextBlob=source.read_bytes(),
        SourceKeyId=os.environ.get("SOURCE_KEY_ID", "alias/demo-source"),
        SourceEncryptionContext={"tenant": os.environ.get("SOURCE_TENANT", "acme")},
        DestinationKeyId=os.environ.get("DESTINATION_KEY_ID", "alias/demo-destination"),
        DestinationEncryptionContext={"tenant": os.environ.get("DESTINATION_TENANT", "acme")},
    )
except ClientError as error:
    # AccessDeniedException with the proxy's own sentence: which rule, which side, which decision.
    print("re-encrypt:", printable(error), file=sys.stderr)
    sys.exit(77 if error.response["Error"]["Code"] == "AccessDeniedException" else 70)
except EndpointConnectionError as error:
    print("re-encrypt:", printable(error), file=sys.stderr)
    sys.exit(69)
result.write_bytes(answer["CiphertextBlob"])
print("released under", printable(answer["KeyId"]))
