#!/usr/bin/env bash
# Makes the image that stands in for the published bases where no image registry can be reached:
# Debian's smallest system by debootstrap, the pinned Node.js of toolchain/ at /nodejs/bin/node as in
# distroless, and npm. Usage: base-image.sh CACHE_FOLDER IMAGE; needs root, a buildah storage in the
# environment (STORAGE_DRIVER, BUILDAH_ISOLATION) and its flags in BUILDAH_FLAGS.
set -euo pipefail
cache=$1 image=$2
suite=bookworm
rootfs="$cache/rootfs-$suite"
here="$(cd "$(dirname "$0")/../../.." && pwd)"

if [ ! -e "$rootfs/.complete" ]; then
  rm -rf "$rootfs"
  mkdir -p "$rootfs"
  # The mirror that this machine's apt already uses.
  mirror="$(apt-get indextargets --format '$(SITE) $(RELEASE)' | awk -v s="$suite" '$2 == s { print $1; exit }')"
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$suite" "$rootfs" "$mirror"
  rm -rf "$rootfs"/var/cache/apt/archives/*.deb "$rootfs"/var/lib/apt/lists/* "$rootfs"/usr/share/{doc,man,locale}
  touch "$rootfs/.complete"
fi

buildah() { command buildah $BUILDAH_FLAGS "$@"; }
node="$(readlink -f "$here/node_modules/.bin/node")"
npm="$(cd "$(dirname "$(readlink -f "$(command -v npm)")")/.." && pwd)"
container="$(buildah from scratch)"
buildah add -q "$container" "$rootfs" /
buildah add -q "$container" "$node" /nodejs/bin/node
buildah add -q "$container" "$npm" /usr/lib/node_modules/npm
buildah run "$container" -- sh -c '
  ln -s /nodejs/bin/node /usr/local/bin/node
  ln -s /usr/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm'
buildah commit -q --rm --format docker "$container" "$image"
