#!/usr/bin/env bash
# A thousand epochs, and all unsafe code, under valgrind: an invalid access or a lost block is a failure.
set -euo pipefail
command -v valgrind >/dev/null || { echo "error: valgrind is missing; on Debian: apt-get install valgrind" >&2; exit 1; }
cd "$(dirname "$0")/.."

# The path of a test program, built.
program() {
    "${CARGO:-cargo}" test "$@" --no-run --message-format=json-render-diagnostics |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1
}

soak=$(program -p climd --test soak)
# rayon's threads live as long as the process, so what they hold is still reachable at its end
CLIMD_SOAK_EPOCHS=${CLIMD_SOAK_EPOCHS:-1000} valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite "$soak" --nocapture

raw=$(program -p climd --lib)
# libtorch itself branches on values that it never set
valgrind --quiet --error-exitcode=1 --undef-value-errors=no "$raw" raw:: lanes::tests::a_row
