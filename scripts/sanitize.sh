#!/usr/bin/env bash
# The tests of the core under AddressSanitizer: src/raw.rs and everything that calls it, beside its safe twin.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
"$cargo" +nightly --version >/dev/null 2>&1 || { echo 'error: sanitizers need Rust nightly: run `rustup toolchain install nightly`' >&2; exit 1; }
host=$("$cargo" -vV | sed -n 's/^host: //p')
# a target of its own, so that build scripts and macros are left alone
RUSTFLAGS="-Zsanitizer=address" "$cargo" +nightly test -p climd --target "$host" \
    --lib --test golden --test threads --test invariants --test distributed --test soak
