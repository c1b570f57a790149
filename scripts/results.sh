#!/usr/bin/env bash
# Every page under docs/results that climd-repro writes. Runs that the cache has are not done again; the others take
# hours. Arguments go to every command: scripts/results.sh --jobs 8. Needs `make libtorch data-all data-labels data-chest
# text-model`.
set -euo pipefail
cd "$(dirname "$0")/.."
. "${CARGO_TARGET_DIR:-target}/libtorch.env"
"${CARGO:-cargo}" build --release -p climd-repro -p climd-mllc --bins --example mllc
repro() { "${CARGO_TARGET_DIR:-target}/release/climd-repro" "$@" --out docs/results --runs docs/results/runs >/dev/null; }

# before the others, which count its comparisons
"${CARGO_TARGET_DIR:-target}/release/examples/mllc" --prior --no-curves --out docs/results --runs docs/results/runs "$@" \
    >/dev/null
repro main --data brca --seeds 5 --lr one "$@"
repro table1 --data brca "$@"
repro table2 --data brca --lr one paper "$@"
repro table3 --data brca "$@"
repro native --data brca --seeds 3 "$@"
repro table4 --data brca --lr one paper "$@"
repro beyond --data brca --curves 3 --lr one paper "$@"
repro beyond --data htad digits kipan lgg --lr one paper "$@"
# These also write shift.md, the test at the training prior, and, as main and table1 do, patients.md.
repro advice --data brca kipan lgg digits --seeds 20 --lr one "$@"
repro advice --data htad --seeds 20 --lr one own "$@"
repro advice --data brca htad kipan lgg --seeds 20 --lr one own --imbalance 50 "$@"
repro advice --data digits --seeds 20 --lr one --imbalance 50 --curves 3 "$@"
repro advice --data brca kipan lgg htad digits --seeds 20 --lr one --noise 0.2 "$@"
repro advice --data brca kipan lgg htad digits --seeds 20 --lr one --noise 0.2 --imbalance 50 "$@"
repro advice --data brca kipan lgg htad --seeds 20 --first-seed 20 --lr one --noise 0.2 --rows CLIMD "$@"
repro advice --data htad kipan brca --seeds 20 --lr one --noise 0.2 --noise-kind neighbour "$@"
repro advice --data lgg --seeds 20 --lr one --imbalance 50 --epochs 25 "$@"
repro advice --data lgg --seeds 20 --first-seed 20 --lr one --imbalance 50 --epochs 25 "$@"
repro advice --data lgg --seeds 20 --first-seed 20 --lr one --imbalance 50 "$@"
repro observe --data brca htad --seeds 20 --lr tuned "$@"
repro regimes --data brca --lr one --seeds 10 "$@"
repro map --data htad lgg kipan digits brca --seeds 10 "$@"
repro lengths --data htad kipan lgg digits brca --seeds 20 --shares 10 25 50 --inner 1 "$@"
repro lengths --data htad kipan lgg digits brca --seeds 20 --imbalance 50 --inner 1 "$@"
repro lengths --data htad kipan --seeds 20 --imbalance 50 --noise 0.2 --shares 10 25 50 --inner 1 "$@"
repro lengths --data kipan brca digits --seeds 20 --noise 0.2 --shares 10 25 50 --inner 1 "$@"
repro lengths --data kipan --seeds 20 --first-seed 20 --noise 0.2 --shares 25 "$@"
repro rates --data htad kipan --imbalance 50 --seeds 6 --first-seed 1000 "$@"
repro rates --data htad kipan --imbalance 20 --exact --epochs 10 --seeds 6 --first-seed 1000 "$@"
repro label-noise --data digits htad --seeds 20 --first-seed 20 --lr one --noise 0.2 --imbalance 50 --epochs 25 "$@"
repro label-noise --data digits htad kipan --seeds 20 --first-seed 20 --lr one --noise 0.2 --imbalance 50 "$@"
repro targets --data yeast padchest-reports --seeds 20 "$@"
repro chest "$@"
