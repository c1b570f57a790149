#!/usr/bin/env bash
# Names what is missing for feature `mpi`.
set -euo pipefail
missing=()
command -v mpirun >/dev/null || missing+=(openmpi-bin)
command -v mpicc >/dev/null || missing+=(libopenmpi-dev)
compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || ldconfig -p 2>/dev/null | grep -q libclang || [ -n "${LIBCLANG_PATH-}" ] || missing+=(libclang-dev)
if [ ${#missing[@]} -gt 0 ]; then
    echo "error: for MPI these are missing; on Debian: apt-get install ${missing[*]}" >&2
    exit 1
fi
