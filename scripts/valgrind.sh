#!/usr/bin/env bash
# Runs the soak test under valgrind: an invalid access or a lost block is a failure.
set -euo pipefail
command -v valgrind >/dev/null || { echo "error: valgrind is missing; on Debian: apt-get install valgrind" >&2; exit 1; }
cd "$(dirname "$0")/.."
binary=$("${CARGO:-cargo}" test -p climd --no-default-features --features serde --test soak --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*soak[^"]*\)".*/\1/p' | tail -1)
[ -n "$binary" ] || { echo 'error: the soak test does not build: run `cargo test -p climd --no-default-features --test soak`' >&2; exit 1; }
# rayon's threads live as long as the process, so what they hold is still reachable at its end
CLIMD_SOAK_EPOCHS=${CLIMD_SOAK_EPOCHS:-1000} valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite "$binary" --nocapture
