#!/usr/bin/env bash
# Prints the path of a cargo subcommand: the one that is installed, else one of this version that is built under the target folder, once.
# usage: cargo-tool.sh NAME VERSION TARGET
set -euo pipefail
if command -v "$1"; then exit; fi
tool=$3/tools/bin/$1
if [ ! -x "$tool" ]; then
    echo "$1: build version $2, once, a few minutes" >&2
    "${CARGO:-cargo}" install --locked --quiet --root "$3/tools" --version "$2" "$1" >&2
fi
echo "$tool"
