#!/usr/bin/env bash
# The tests of the core on 64-bit Arm, where the kernel is compiled for NEON, under qemu.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
command -v aarch64-linux-gnu-gcc >/dev/null || missing+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
if [ ${#missing[@]} -gt 0 ]; then
    echo "error: for the tests on Arm these are missing; on Debian: apt-get install ${missing[*]}" >&2
    exit 1
fi
rustup target list --installed | grep -q '^aarch64-unknown-linux-gnu$' ||
    { echo 'error: run `rustup target add aarch64-unknown-linux-gnu`' >&2; exit 1; }
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
# fewer random cases, as emulation is slow
PROPTEST_CASES=${PROPTEST_CASES:-16} "${CARGO:-cargo}" test -p climd \
    --target aarch64-unknown-linux-gnu --lib --test golden --test threads --test invariants --test resume
