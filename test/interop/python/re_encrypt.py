"""Re-encrypts the ciphertext in a file with stubs that protoc made from proto/.

Usage: re_encrypt.py STUBS TARGET CIPHERTEXT_FILE RESULT_FILE TENANT. Prints the answer, or the error
with its details, as JSON.
"""

import json
import sys

stubs, target, source, result, tenant = sys.argv[1:]
sys.path.insert(0, stubs)

import grpc  # noqa: E402
from google.rpc import error_details_pb2  # noqa: E402
from grpc_status import rpc_status  # noqa: E402
from kms.reencrypt.v1 import reencrypt_pb2, reencrypt_pb2_grpc  # noqa: E402

with open(source, "rb") as file:
    ciphertext = file.read()
request = reencrypt_pb2.ReEncryptRequest(
    ciphertext_blob=ciphertext,
    source_key_id="alias/demo-source",
    source_encryption_context={"tenant": "acme"},
    destination_key_id="alias/demo-destination",
    destination_encryption_context={"tenant": tenant},
)
with grpc.insecure_channel(target) as channel:
    stub = reencrypt_pb2_grpc.ReEncryptServiceStub(channel)
    try:
        answer = stub.ReEncrypt(request, timeout=5)
        with open(result, "wb") as file:
            file.write(answer.ciphertext_blob)
        print(json.dumps({"key_id": answer.key_id, "decision_id": answer.decision_id}))
    except grpc.RpcError as error:
        info = error_details_pb2.ErrorInfo()
        for detail in rpc_status.from_call(error).details:
            if detail.Is(info.DESCRIPTOR):
                detail.Unpack(info)
        print(
            json.dumps(
                {
                    "code": error.code().name,
                    "reason": info.reason,
                    "domain": info.domain,
                    "metadata": dict(info.metadata),
                    "trailer": dict(error.trailing_metadata()).get("decision_id"),
                }
            )
        )
