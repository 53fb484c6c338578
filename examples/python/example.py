"""Re-encrypts the ciphertext in a file through kms-reencrypt-proxy.

Usage: example.py CIPHERTEXT_FILE RESULT_FILE, after build.sh has made the stubs.
"""

import os
import sys
from pathlib import Path
from unicodedata import category

sys.path.insert(0, str(Path(__file__).parent / "gen"))

import grpc  # noqa: E402
from google.protobuf.message import DecodeError  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc_status import rpc_status  # noqa: E402
from kms.reencrypt.v1 import reencrypt_pb2, reencrypt_pb2_grpc  # noqa: E402

# Exit codes: sysexits(3), and timeout(1)'s 124.
EXIT_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: 65,
    grpc.StatusCode.NOT_FOUND: 65,
    grpc.StatusCode.FAILED_PRECONDITION: 65,
    grpc.StatusCode.UNAVAILABLE: 69,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 75,
    grpc.StatusCode.PERMISSION_DENIED: 77,
    grpc.StatusCode.UNAUTHENTICATED: 77,
    grpc.StatusCode.DEADLINE_EXCEEDED: 124,
}
BAD_CERTIFICATE = 76


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: example.py CIPHERTEXT_FILE RESULT_FILE", file=sys.stderr)
        return 64
    source, result = map(Path, sys.argv[1:])
    request = reencrypt_pb2.ReEncryptRequest(
        ciphertext_blob=source.read_bytes(),
        source_key_id=setting("SOURCE_KEY_ID", "alias/demo-source"),
        source_encryption_context={"tenant": setting("SOURCE_TENANT", "acme")},
        destination_key_id=setting("DESTINATION_KEY_ID", "alias/demo-destination"),
        destination_encryption_context={"tenant": setting("DESTINATION_TENANT", "acme")},
    )
    # The deadline covers the retries too. The proxy itself gives up after 30 s at most.
    timeout = int(setting("TIMEOUT_MS", "2000")) / 1000
    with connect() as channel:
        stub = reencrypt_pb2_grpc.ReEncryptServiceStub(channel)
        try:
            answer = stub.ReEncrypt(request, timeout=timeout)
        except grpc.RpcError as error:
            sentence, code = explain(error)
            print("re-encrypt:", printable(sentence), file=sys.stderr)
            return code
    if not answer.ciphertext_blob:
        print("re-encrypt: the answer has no ciphertext", file=sys.stderr)
        return 70
    result.write_bytes(answer.ciphertext_blob)
    print(printable(f"released under {answer.key_id} decision_id {answer.decision_id}"))
    return 0


def connect() -> grpc.Channel:
    """PROXY_TARGET is host:port or unix:/path; PROXY_TLS a folder with ca.pem, cert.pem, key.pem."""
    config = Path(setting("SERVICE_CONFIG", "../service-config.json")).read_text()
    # Otherwise even calls to loopback would go to what http_proxy names.
    options = [("grpc.service_config", config), ("grpc.enable_http_proxy", 0)]
    target = setting("PROXY_TARGET", "127.0.0.1:50051")
    folder = os.environ.get("PROXY_TLS")
    if not folder:
        return grpc.insecure_channel(target, options)
    ca, key, cert = (Path(folder, f"{name}.pem").read_bytes() for name in ("ca", "key", "cert"))
    options.append(("grpc.ssl_target_name_override", setting("PROXY_NAME", "localhost")))
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(ca, key, cert), options)


def explain(error: grpc.RpcError) -> tuple[str, int]:
    """The error as one sentence, and what to exit with."""
    told, code = error.details(), error.code()
    status = details_of(error)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else []:
        if detail.Unpack(info):
            about = " ".join(
                f"{name}={info.metadata.get(name, '')}"
                for name in ("layer", "side", "rule", "decision_id")
            )
            sentence = f"{told} [code={code.name} reason={info.reason} {about}]"
            return sentence, EXIT_CODES.get(code, 70)
    # No details: the answer is not the proxy's, the call did not get there.
    bad = "CERTIFICATE" in told or "andshake" in told
    return f"{told} [code={code.name}]", BAD_CERTIFICATE if bad else EXIT_CODES.get(code, 70)


def details_of(error: grpc.RpcError) -> status_pb2.Status | None:
    """None if there are none, or what came is not what the proxy sends."""
    try:
        return rpc_status.from_call(error)
    except (DecodeError, ValueError):
        return None


def printable(text: str) -> str:
    """Without what a terminal would obey instead of showing."""
    return "".join("\ufffd" if category(letter) == "Cc" else letter for letter in text)


def setting(name: str, fallback: str) -> str:
    return os.environ.get(name) or fallback


if __name__ == "__main__":
    sys.exit(main())
