#!/bin/sh
# Makes the stubs with Go's own protoc plugins (pinned in go.mod) and builds the example.
# Needs Go and protoc. Usage: build.sh [PROGRAM]
set -eu
cd "$(dirname "$0")"
proto=kms/reencrypt/v1/reencrypt.proto
mkdir -p gen/reencryptv1
protoc -I ../../proto \
  --plugin=protoc-gen-go="$(go tool -n protoc-gen-go)" \
  --plugin=protoc-gen-go-grpc="$(go tool -n protoc-gen-go-grpc)" \
  --go_out=gen --go_opt=module=example/gen --go_opt=M$proto=example/gen/reencryptv1 \
  --go-grpc_out=gen --go-grpc_opt=module=example/gen --go-grpc_opt=M$proto=example/gen/reencryptv1 \
  $proto
go build -o "${1:-example}" .
