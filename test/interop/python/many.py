"""Sends the same calls as a batch and, many times over, as a stream, with stubs that protoc made from proto/.

Usage: many.py STUBS TARGET CIPHERTEXT_FILE TENANT...  Prints the result of each item as JSON.
"""

import json
import sys

stubs, target, source, *tenants = sys.argv[1:]
sys.path.insert(0, stubs)

import grpc  # noqa: E402
from google.rpc import error_details_pb2  # noqa: E402
from kms.reencrypt.v1 import reencrypt_pb2, reencrypt_pb2_grpc  # noqa: E402

with open(source, "rb") as file:
    ciphertext = file.read()


def request(tenant):
    return reencrypt_pb2.ReEncryptRequest(
        ciphertext_blob=ciphertext,
        source_key_id="alias/demo-source",
        source_encryption_context={"tenant": "acme"},
        destination_key_id="alias/demo-destination",
        destination_encryption_context={"tenant": tenant},
    )


def outcome(result):
    """A key ARN, or the reason of the refusal."""
    if result.status.code == 0:
        return result.response.key_id
    info = error_details_pb2.ErrorInfo()
    for detail in result.status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    return info.reason


# With 62 items more than the proxy may hold of a stream: it has to forget those that are read.
ROUNDS = 80

items = [
    reencrypt_pb2.BatchReEncryptItem(reference=f"{n} {tenant}", request=request(tenant))
    for n, tenant in enumerate(tenants)
]
with grpc.insecure_channel(target) as channel:
    stub = reencrypt_pb2_grpc.ReEncryptServiceStub(channel)
    batch = stub.BatchReEncrypt(reencrypt_pb2.BatchReEncryptRequest(items=items), timeout=20)
    stream = stub.StreamReEncrypt(
        reencrypt_pb2.StreamReEncryptRequest(reference=item.reference, request=item.request)
        for _ in range(ROUNDS)
        for item in items
    )
    print(
        json.dumps(
            {
                "batch": [[result.reference, outcome(result)] for result in batch.results],
                "stream": sorted([result.reference, outcome(result)] for result in stream),
            }
        )
    )
