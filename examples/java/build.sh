#!/bin/sh
# Makes the stubs and builds target/example.jar. Needs a JDK of version 17 and Maven.
set -eu
cd "$(dirname "$0")"
mvn --batch-mode --quiet package
