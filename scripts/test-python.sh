#!/usr/bin/env bash
# Builds the Python package and tests it, beside a lean PyTorch of its own; prints what each step took.
# usage: test-python.sh TARGET [arguments of pytest]    (TARGET: the folder that cargo builds in; PYTHON and CARGO may name others)
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
target=$(cd "$1" && pwd)/python
shift
python=${PYTHON:-python3}
package=crates/python

step() {
    local start=$SECONDS
    "${@:2}"
    echo "test-python: $1 took $((SECONDS - start)) s"
}

packages=$("$python" -B scripts/slim_torch.py "${target%/python}" | tee >(cat >&2) | tail -n 1)
# Nothing of the user's own Python, nor of a libtorch that is used elsewhere.
unset LD_LIBRARY_PATH PYTHONHOME VIRTUAL_ENV
export PYTHONPATH=$target/site:$packages PATH=$packages/bin:$PATH PYTHONNOUSERSITE=1 PYTHONPYCACHEPREFIX=$target/bytecode
export CARGO_TARGET_DIR=$target

build() {
    rm -rf "$target/wheels" "$target/site"
    "$packages/bin/maturin" build --quiet --release --manifest-path $package/Cargo.toml --interpreter "$python" \
        --compatibility linux --out "$target/wheels"
    "$python" -m zipfile -e "$target"/wheels/climd-*.whl "$target/site"
}
types() { (cd $package && "$python" -m mypy --cache-dir "$target/mypy"); }

step build build
step types types
pytest() { "$python" -m pytest -p no:cacheprovider -q --durations=8 "$@"; }
# The runs that are killed and resumed wait more than they work, so they go beside the others.
both() {
    local killed=$package/tests/test_killed.py status=0
    pytest $killed >"$target/killed.log" 2>&1 &
    pytest $package/tests --ignore=$killed || status=$?
    wait $! || status=$?
    cat "$target/killed.log"
    return $status
}

# Small networks: more threads wait for each other longer than they work.
export OMP_NUM_THREADS=1
if [ $# = 0 ]; then step tests both; else step tests pytest $package/tests "$@"; fi
