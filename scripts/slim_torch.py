"""Fetches what the tests of the Python package need, PyTorch included, into one folder, and makes it lean.

usage: slim_torch.py TARGET    (`make test-python` calls it; TARGET: the folder that cargo builds in)

The packages of scripts/pins/python.txt go, hashes verified, to TARGET/python/packages-TAG, TAG being that of the Python
that runs this. PyTorch's wheel for Linux is linked to 15 libraries of NVIDIA: 2.7 GB that a test on the CPU never calls. In their place come
stubs: libraries of the same names with the same symbols, every one of which answers "no device". They are generated here, from what the
wheel's own libraries ask for, so that a new PyTorch brings its own list. 1.2 GB instead of 3.9, and `torch.cuda.is_available()` is False.

The stubs are for tests on the CPU alone. Where a GPU is to be used, install PyTorch as its authors say.
"""

import os
from pathlib import Path
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time

import fetch

RECIPE = 1
PINS = fetch.PINS / "python.txt"
# Symbols that carry no version are known by how they begin.
OWNERS = {"libcudart": "cuda", "libcublasLt": "cublasLt", "libcublas": "cublas", "libcudnn": "cudnn", "libcufft": "cufft",
          "libcufile": "cuFile", "libcupti": "cupti", "libcurand": "curand", "libcusolver": "cusolver",
          "libcusparseLt": "cusparseLt", "libcusparse": "cusparse", "libnccl": "nccl", "libnvrtc": "nvrtc",
          "libnvshmem_host": "nvshmem", "libnvJitLink": "nvJitLink", "libnvToolsExt": "nvtx"}
NO_DEVICE = 100  # cudaErrorNoDevice, which PyTorch takes for "no GPU here"


def stamp():
    return fetch.stamp(PINS, RECIPE) + f"python {sys.version}\n"


def tool(name, *arguments):
    return subprocess.run([name, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def needed_and_asked(library):
    """Names of the libraries that a library is linked to, and the symbols it asks others for: {symbol: version or ""}."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", tool("readelf", "--dynamic", "--wide", library))
    asked = {}
    for line in tool("nm", "--dynamic", "--undefined-only", "--with-symbol-versions", library).splitlines():
        symbol, _, version = line.split()[-1].partition("@")
        asked[symbol] = version.strip("@")
    return needed, asked


def write_stubs(lib):
    """Puts a stub beside PyTorch's libraries for each one that they are linked to and that is not there."""
    needed, asked = set(), {}
    for library in sorted(lib.glob("*.so*")):
        its_needed, its_asked = needed_and_asked(library)
        needed.update(its_needed)
        asked.update(its_asked)
    there = {library.name for library in lib.iterdir()}
    stubs = {name: {} for name in sorted(needed - there) if name.split(".so")[0] in OWNERS}  # name: {version: symbols}
    for symbol, version in sorted(asked.items()):
        owners = [name for name in stubs if symbol.startswith(OWNERS[name.split(".so")[0]])]
        if version not in stubs and not owners:
            continue  # of the system, or of PyTorch itself
        name = version if version in stubs else max(owners, key=lambda name: len(OWNERS[name.split(".so")[0]]))
        stubs[name].setdefault(version, []).append(symbol)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    for name, versions in stubs.items():
        source, script = lib / f".{name}.c", lib / f".{name}.map"
        source.write_text("".join(stub(symbol) for symbols in versions.values() for symbol in symbols))
        nodes = [f"{version} {{ {' '.join(symbol + ';' for symbol in symbols)} }};\n" for version, symbols in versions.items() if version]
        script.write_text("".join(nodes))
        command = [*compiler, "-shared", "-fPIC", "-O1", "-w", "-fno-builtin", f"-Wl,-soname,{name}", "-o", lib / name, source]
        if nodes:
            command.append(f"-Wl,--version-script,{script}")
        subprocess.run(command, check=True)
        source.unlink()
        script.unlink()
    return len(stubs)


def stub(symbol):
    if "ErrorString" in symbol or "ErrorName" in symbol:
        return f'const char* {symbol}(void) {{ return "no device"; }}\n'
    return f"long {symbol}(void) {{ return {NO_DEVICE}; }}\n"


def install(folder):
    # `--target` needs no virtual environment, which Debian's Python cannot make without another package.
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input",
               "--disable-pip-version-check", "--no-cache-dir", "--no-compile", "--root-user-action=ignore", "--quiet", "--target", str(folder)]
    done = subprocess.run([*command, "--requirement", str(PINS)], stdin=subprocess.DEVNULL,
                          env=dict(os.environ, PIP_REQUIRE_VIRTUALENV="0", TMPDIR=str(folder.parent)))
    if done.returncode != 0:
        fetch.fail(f"pip could not install what {PINS.relative_to(fetch.ROOT)} asks for; its reason is above.\n"
                   "  The pins are for Python 3.10 and later on Linux (glibc 2.28) and macOS 14; PyTorch has no files for others.\n"
                   "  No connection: try again.")


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else fetch.ROOT / "target").resolve() / "python"
    if sys.version_info < (3, 10):
        fetch.fail(f"Python {platform.python_version()} is too old for this PyTorch (3.10 or later is needed): name another with PYTHON=")
    packages = target / f"packages-{sys.implementation.cache_tag}"
    with fetch.locked(target, packages.name):
        written = packages / ".stamp"
        if not (written.exists() and written.read_text() == stamp()):
            with fetch.staging(target, packages.name) as stage:
                fetch.say("slim_torch: fetching PyTorch and the frameworks for the tests (0.6 GB to download, once)")
                made = stage / "made"
                start = time.monotonic()
                install(made)
                fetch.say(f"slim_torch: installed in {time.monotonic() - start:.0f} s")
                start = time.monotonic()
                for unneeded in ["include", "share", "test"]:
                    shutil.rmtree(made / "torch" / unneeded, ignore_errors=True)
                if platform.system() == "Linux":
                    stubs = write_stubs(made / "torch" / "lib")
                    fetch.say(f"slim_torch: {stubs} stubs in {time.monotonic() - start:.0f} s")
                environment = dict(os.environ, PYTHONPATH=str(made))
                environment.pop("LD_LIBRARY_PATH", None)
                check = "import torch; assert not torch.cuda.is_available(); print(torch.ones(2).sum().item())"
                tried = subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, text=True)
                if tried.returncode != 0:
                    fetch.fail(f"PyTorch with stubs cannot be used here: {tried.stderr.strip().splitlines()[-1]}")
                (made / ".stamp").write_text(stamp())
                if packages.exists():
                    packages.rename(stage / "old")
                made.rename(packages)
    print(packages)


if __name__ == "__main__":
    fetch.run(main)
