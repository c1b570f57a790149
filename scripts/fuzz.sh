#!/usr/bin/env bash
# Runs every fuzz target in turn. usage: fuzz.sh TARGET [LIBFUZZER-OPTION..]
set -euo pipefail
target=$1
shift
"${CARGO:-cargo}" +nightly --version >/dev/null 2>&1 ||
    { echo 'error: fuzzing needs Rust nightly: run `rustup toolchain install nightly`' >&2; exit 1; }
PATH=$(dirname "$("$(dirname "$0")/cargo-tool.sh" cargo-fuzz 0.13.2 "$target")"):$PATH
cd "$(dirname "$0")/../fuzz"
export CARGO_TARGET_DIR=$target/fuzz
limits=(-max_total_time=600 -rss_limit_mb=4096 "$@")
run() {
    mkdir -p "corpus/$1" "seeds/$1"
    "${CARGO:-cargo}" +nightly fuzz run "${@:2}" "$1" "corpus/$1" "seeds/$1" -- "${limits[@]}"
}
for name in state schedule apportion chain measure csv table rows images manifest; do
    run "$name"
done
