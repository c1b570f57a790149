#!/usr/bin/env bash
# A wheel of the Python package for this platform; on Linux for every distribution since 2014 (manylinux2014), by zig's linker.
# usage: wheel.sh TARGET    (TARGET: the folder that cargo builds in; PYTHON may name another)
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
target=$(cd "$1" && pwd)/python
python=${PYTHON:-python3}
tools=$target/wheel-tools
if [ ! -e "$tools/done" ]; then
    rm -rf "$tools"
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
        --require-hashes --target "$tools" --requirement scripts/pins/wheel.txt
    touch "$tools/done"
fi
zig=()
if [ "$(uname -s)" = Linux ]; then zig=(--zig --compatibility manylinux2014); fi
PYTHONPATH=$tools CARGO_TARGET_DIR=$target "$tools/bin/maturin" build --quiet --release --manifest-path crates/python/Cargo.toml \
    --interpreter "$python" "${zig[@]}" --out "$target/release-wheels"
wheel=$(ls -t "$target"/release-wheels/climd-*.whl | head -n 1)
size=$(wc -c <"$wheel")
echo "wheel: $wheel, $size bytes"
[ "$size" -lt 2000000 ] || { echo 'error: the wheel is larger than 2 MB' >&2; exit 1; }
