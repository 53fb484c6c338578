#!/bin/sh
# Makes the stubs with protoc's C++ plugin and builds the example. Usage: build.sh [PROGRAM]
set -eu
cd "$(dirname "$0")"
build="${BUILD_DIR:-build}"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release
cmake --build "$build" --parallel 2
cp "$build/example" "${1:-example}"
