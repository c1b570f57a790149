#!/usr/bin/env bash
# The library's tests with the oldest tch of the range, whose libtorch it fetches; `make test` has the newest. usage: test-compat.sh TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$1/compat
mkdir -p "$copy"
# a copy, as another tch is another Cargo.lock
git ls-files -z --cached --others --exclude-standard | grep -zv '^docs/results/runs/' | tar --null -T - -cf - | tar -C "$copy" -xf -
cd "$copy"
export CARGO_TARGET_DIR=$1/compat-build
for tch in ${TCH:-0.24.0}; do
    echo "test: tch $tch"
    "${CARGO:-cargo}" update --quiet -p tch --precise "$tch"
    make --no-print-directory libtorch
    . "$CARGO_TARGET_DIR/libtorch.env"
    "${CARGO:-cargo}" test -p climd
done
