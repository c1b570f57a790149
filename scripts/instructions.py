"""Counts the instructions of the hot paths under callgrind, and compares them with benches/instructions.txt.

usage: instructions.py [--write]    (`make instructions`)

A count is of the code alone, whatever else the machine does: one that grew by more than 3 % is a regression, and the exit status 1.
It depends on compiler and processor (AVX2 or not), so the file names both; --write records new counts.
"""

import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

ROOT = Path(__file__).parent.parent
RECORD = ROOT / "benches" / "instructions.txt"
WORK = {"measure-5": "hot_measure", "measure-1000": "hot_measure", "epoch-10": "hot_epoch", "epoch-1000": "hot_epoch"}
TOLERANCE = 0.03


def build():
    command = [os.environ.get("CARGO", "cargo"), "bench", "-p", "climd", "--no-default-features", "--bench", "instructions",
               "--no-run", "--message-format=json-render-diagnostics"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [message["executable"] for line in output.splitlines() if (message := json.loads(line)).get("executable")][-1]


def count(binary, work, function):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--toggle-collect=*{function}*", binary, work]
    result = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not found:
        sys.exit(f"instructions: {work} failed under callgrind\n{result.stderr}")
    return int(found[1])


def main():
    if not shutil.which("valgrind"):
        sys.exit("error: valgrind is missing; on Debian: apt-get install valgrind")
    binary = build()
    counts = {work: count(binary, work, function) for work, function in WORK.items()}
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, cwd=ROOT).stdout.split()[1]
    if "--write" in sys.argv:
        lines = [f"# rustc {rustc}, AVX2 under valgrind: {'avx2' in Path('/proc/cpuinfo').read_text()}; `make instructions`"]
        RECORD.write_text("\n".join(lines + [f"{work} {number}" for work, number in counts.items()]) + "\n")
    recorded = dict(line.split() for line in RECORD.read_text().splitlines() if not line.startswith("#"))
    grown = False
    for work, number in counts.items():
        before = int(recorded[work])
        change = number / before - 1
        grown |= change > TOLERANCE
        print(f"{work:14} {number:14,} instructions, {change:+.1%} to {before:,}")
    if grown:
        sys.exit(f"error: more instructions than benches/instructions.txt has (rustc {rustc}); if they are worth it: "
                 "python3 scripts/instructions.py --write")


main()
