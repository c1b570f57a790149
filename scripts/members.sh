#!/bin/sh
# Prints the option that leaves climd-mllc out where Rust is older than candle allows; else nothing.
cd "$(dirname "$0")/.." || exit 1
needed=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' harness/mllc/Cargo.toml)
found=$("${RUSTC:-rustc}" --version 2>/dev/null | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
[ "$(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n 1)" = "$needed" ] ||
    echo '--exclude climd-mllc'
