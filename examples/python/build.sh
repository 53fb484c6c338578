#!/bin/sh
# Makes the stubs with Python's own grpcio-tools. google/rpc comes with googleapis-common-protos.
set -eu
cd "$(dirname "$0")"
mkdir -p gen
python3 -m grpc_tools.protoc -I ../../proto \
  --python_out=gen --grpc_python_out=gen --pyi_out=gen kms/reencrypt/v1/reencrypt.proto
