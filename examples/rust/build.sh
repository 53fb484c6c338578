#!/bin/sh
# Makes the stubs with tonic's generator and builds the example. Needs Rust and protoc.
# Usage: build.sh [PROGRAM]
set -eu
cd "$(dirname "$0")"
cargo build --release --locked
cp "${CARGO_TARGET_DIR:-target}/release/example" "${1:-example}"
