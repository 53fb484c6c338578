#!/bin/sh
# Builds the Go program; the Python one needs boto3 and no build. Usage: build.sh [PROGRAM]
set -eu
cd "$(dirname "$0")"
go build -o "${1:-example}" .
