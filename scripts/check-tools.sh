#!/bin/sh
# Names every tool that is missing, and the package it comes in, before a build fails half-way for want of it.
# usage: check-tools.sh    (CARGO, RUSTC, PYTHON and CXX may name others)
cd "$(dirname "$0")/.." || exit 1
cargo=${CARGO:-cargo} rustc=${RUSTC:-rustc} python=${PYTHON:-python3}
missing=0

has() { command -v "$1" >/dev/null 2>&1; }
lacks() { # lacks WHAT HOW-TO-GET-IT
    echo "error: $1" >&2
    echo "       $2" >&2
    missing=1
}

# Rust, not older than Cargo.toml says.
get_rust='install Rust with rustup: https://rustup.rs (the `rustc` of a Linux distribution is often too old)'
needed=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml | head -n 1)
if ! has "$cargo" || ! has "$rustc"; then
    if [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        get_rust='it is installed, but not in PATH: run `. "'${CARGO_HOME:-$HOME/.cargo}'/env"`'
    fi
    lacks "Rust is missing: no \`$cargo\` or no \`$rustc\`" "$get_rust"
else
    found=$("$rustc" --version 2>/dev/null | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
    if [ -z "$found" ] || ! "$cargo" --version >/dev/null 2>&1; then
        lacks "\`$rustc --version\` or \`$cargo --version\` fails" 'run `rustup default stable`'
    elif [ "${found%%.*}" -lt "${needed%%.*}" ] || { [ "${found%%.*}" -eq "${needed%%.*}" ] &&
        [ "${found#*.}" -lt "$(echo "$needed" | cut -d. -f2)" ]; }; then
        lacks "Rust $found is too old: $needed or later is needed" "run \`rustup update stable\`, or $get_rust"
    fi
fi

# A C++ compiler that links, with OpenMP's library on Linux: torch-sys compiles a wrapper of libtorch.
case $(uname -s) in
Darwin) get_compiler='install the command line tools: `xcode-select --install`' openmp= ;;
*) get_compiler='install one: `apt install g++` (Debian, Ubuntu), `dnf install gcc-c++` (Fedora)' openmp=-lgomp ;;
esac
compiler=
# CXX may hold arguments, or a wrapper such as ccache: it is split on purpose.
for candidate in "${CXX:-c++}" g++ clang++; do
    if [ -z "$compiler" ] && has ${candidate%% *}; then compiler=$candidate; fi
done
if [ -z "$compiler" ]; then
    lacks 'no C++ compiler: no `c++`, `g++` or `clang++`' "$get_compiler"
elif ! has cc; then
    lacks 'no `cc`, which Rust links with' "$get_compiler"
else
    probe=$(mktemp -d) || exit 1
    echo 'int main() { return 0; }' >"$probe/probe.cpp"
    if ! $compiler -std=c++17 "$probe/probe.cpp" $openmp -o "$probe/probe" 2>"$probe/log"; then
        lacks "\`$compiler\` cannot build a C++17 program: $(head -n 1 "$probe/log")" "$get_compiler"
    fi
    rm -rf "$probe"
fi

# Python fetches libtorch and the data. Its pip is looked for when there is something to fetch.
if ! has "$python"; then
    lacks "Python 3 is missing: no \`$python\`" 'install it: `apt install python3 python3-pip` (Debian, Ubuntu), `brew install python` (macOS)'
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
    lacks "$("$python" --version 2>&1) is too old: 3.8 or later is needed" 'install a newer one, and name it: `make PYTHON=python3.12 ...`'
fi

[ $missing = 0 ] || exit 1
echo "tools: Rust $found, $($compiler --version | head -n 1), $("$python" --version)"
