"""A platform team's own tool, boto3, against the KMS behind the proxy.

moto_keys.py ENDPOINT encrypt PLAINTEXT_FILE CIPHERTEXT_FILE   makes the keys and a ciphertext
moto_keys.py ENDPOINT decrypt CIPHERTEXT_FILE PLAINTEXT_FILE   decrypts one
"""

import sys

import boto3

endpoint, action, source, result = sys.argv[1:]
kms = boto3.client("kms", endpoint_url=endpoint, region_name="eu-west-1")
CONTEXT = {"tenant": "acme"}

with open(source, "rb") as file:
    data = file.read()
if action == "encrypt":
    for alias in ("alias/demo-source", "alias/demo-destination"):
        key = kms.create_key(Description=alias)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    data = kms.encrypt(
        KeyId="alias/demo-source", Plaintext=data, EncryptionContext=CONTEXT
    )["CiphertextBlob"]
else:
    answer = kms.decrypt(CiphertextBlob=data, EncryptionContext=CONTEXT)
    data = answer["Plaintext"]
    destination = kms.describe_key(KeyId="alias/demo-destination")["KeyMetadata"]["Arn"]
    assert answer["KeyId"] == destination, answer["KeyId"]
with open(result, "wb") as file:
    file.write(data)
