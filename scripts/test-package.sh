#!/usr/bin/env bash
# The crate as `cargo publish` would send it, unpacked away from the repository: it builds, and passes its own tests and those
# in its documentation. usage: test-package.sh TARGET (in the environment of libtorch)
set -euo pipefail
cd "$(dirname "$0")/.."
"${CARGO:-cargo}" package --quiet --locked --allow-dirty --no-verify -p climd
crate=$(ls -t "$1"/package/climd-*.crate | head -n 1)
size=$(wc -c <"$crate")
echo "package: $(basename "$crate"), $size bytes"
[ "$size" -lt 550000 ] || { echo 'error: the package has 550,000 bytes or more: what came into it?' >&2; exit 1; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
tar -xzf "$crate" -C "$place" --strip-components=1
# the same dependencies, profile and features are built in the repository's target folder
cd "$place"
CARGO_TARGET_DIR="$1" "${CARGO:-cargo}" test --quiet
CARGO_TARGET_DIR="$1" "${CARGO:-cargo}" test --quiet --features tch --doc
