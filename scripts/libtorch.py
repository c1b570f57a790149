"""Finds libtorch, fetches a slim one if there is none, and writes the environment that cargo needs.

usage: libtorch.py [TARGET]    (TARGET: the folder that cargo builds in; default: target)

In this order:
  1. the environment variable LIBTORCH;
  2. the environment variable LIBTORCH_USE_PYTORCH;
  3. a PyTorch of the right version in the active Python environment;
  4. a slim libtorch in TARGET/libtorch-VERSION: the libraries for the CPU and the headers out of PyTorch's own wheel
     (0.5 GB instead of 5 with CUDA; the wheel is the one place where Linux and macOS files of every version are).

The result goes to TARGET/libtorch.env, for make and for you: `. target/libtorch.env`, then plain cargo commands.
The same inputs give the same file: torch-sys compiles its C++ again (1 to 4 minutes) when one of these variables changes.
"""

import importlib.metadata
import importlib.util
import os
from pathlib import Path
import platform
import re
import shlex
import shutil
import subprocess
import sys

import fetch

# Which libtorch a tch wants: TORCH_VERSION in the build.rs of torch-sys, which refuses every other.
TORCH_OF_TCH = {"0.24": "2.11.0", "0.25": "2.12.0", "0.26": "2.13.0"}
RECIPE = 1
MACOS = platform.system() == "Darwin"
SUFFIX = "dylib" if MACOS else "so"
# Not needed to train on the CPU: CUDA (by far the largest), and what only Python uses.
DROPPED = ("libtorch_cuda", "libc10_cuda", "libcaffe2_nvrtc", "libtorch_nvshmem", "libtorch_python", "libshm",
           "libtorch_global_deps", "libtorch.so")
BYPASS = "LIBTORCH_BYPASS_VERSION_CHECK"


def wanted():
    """The version of tch in Cargo.lock, and of the libtorch it needs."""
    lock = fetch.ROOT / "Cargo.lock"
    if not lock.exists():
        subprocess.run(["cargo", "generate-lockfile"], cwd=fetch.ROOT, check=True)
    found = re.search(r'^name = "tch"\nversion = "((\d+\.\d+)\.[^"]+)"', lock.read_text(), re.MULTILINE)
    if not found:
        fetch.fail("Cargo.lock has no package `tch`: run `cargo generate-lockfile`")
    if found[2] not in TORCH_OF_TCH:
        fetch.fail(f"no libtorch is known for tch {found[1]} (known: {', '.join(TORCH_OF_TCH)}):"
                   " add it to TORCH_OF_TCH in scripts/libtorch.py, and its wheels to scripts/pins")
    return found[1], TORCH_OF_TCH[found[2]]


def version_of(libtorch):
    """The version a libtorch folder says it has; None if it does not say."""
    for name, pattern in [("build-version", r"([\d.]+)"), ("version.py", r"__version__ = '([\d.]+)")]:
        if (libtorch / name).exists():
            found = re.search(pattern, (libtorch / name).read_text())
            if found:
                return found[1].rstrip(".")
    return None


def check_version(found, tch, torch, where):
    if found not in (None, torch) and BYPASS not in os.environ:
        fetch.fail(f"{where} is libtorch {found}, but tch {tch} needs {torch}: point it to that version, or unset it"
                   f" and make will find or fetch one (or set {BYPASS}=1 to try it all the same)")


def from_libtorch(value, tch, torch):
    libtorch = Path(value).resolve()
    lib = Path(os.environ.get("LIBTORCH_LIB") or libtorch) / "lib"
    headers = Path(os.environ.get("LIBTORCH_INCLUDE") or libtorch) / "include"
    for needed in [lib / f"libtorch_cpu.{SUFFIX}", headers / "torch" / "csrc" / "api" / "include" / "torch" / "torch.h"]:
        if not needed.exists():
            fetch.fail(f"LIBTORCH is {value!r}, but there is no {needed}: LIBTORCH must be a folder that holds"
                       f" lib/libtorch_cpu.{SUFFIX} and include/. Correct it, or unset it and make will find or fetch one")
    check_version(version_of(libtorch), tch, torch, f"LIBTORCH ({value})")
    return libtorch, lib


def from_use_pytorch(tch, torch):
    """The folder of libraries of the PyTorch that torch-sys will ask for."""
    python = "python" if "VIRTUAL_ENV" in os.environ else "python3"  # as torch-sys chooses
    probe = "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    found = subprocess.run([python, "-c", probe], capture_output=True, text=True)
    if found.returncode != 0:
        fetch.fail(f"LIBTORCH_USE_PYTORCH is set, but `{python}` has no PyTorch: `pip install torch=={torch}`,"
                   " or unset it and make will find or fetch a libtorch")
    package = Path(found.stdout.strip())
    check_version(version_of(package), tch, torch, f"LIBTORCH_USE_PYTORCH ({package})")
    return package / "lib"


def active_pytorch(torch):
    """The PyTorch of the Python that runs this, if it is the right one and holds libraries and headers."""
    try:
        if importlib.metadata.version("torch").split("+")[0] != torch:
            return None
        package = Path(importlib.util.find_spec("torch").submodule_search_locations[0])
    except (importlib.metadata.PackageNotFoundError, AttributeError, TypeError):
        return None
    needed = [package / "lib" / f"libtorch_cpu.{SUFFIX}", package / "include" / "torch" / "csrc" / "api"]
    return package if all(path.exists() for path in needed) else None


def make_slim(stage, pins, torch):
    hint = (f"Wheels exist for Linux (glibc 2.28 or later; x86_64, aarch64) and macOS 14 (arm64); elsewhere set LIBTORCH"
            f" to a libtorch {torch} (https://pytorch.org/get-started/locally).")
    made = stage / "made"
    for wheel in fetch.download(pins, stage, hint):
        for member in wheel.namelist():
            parts = member.split("/")
            if member.endswith("/"):
                continue
            if member.startswith("torch/include/"):
                fetch.unpack(wheel, member, made.joinpath(*parts[1:]))
            elif parts[:2] == ["torch", "lib"] and len(parts) == 3 and not parts[2].startswith(DROPPED):
                fetch.unpack(wheel, member, made / "lib" / parts[2])
            elif parts[-1].startswith(("libcudart.so", "libcupti.so")):
                fetch.unpack(wheel, member, made / "lib" / parts[-1])
        wheel.close()
    if not MACOS:
        # The one in the wheel has no code of its own, but asks for libtorch_cuda. The linker needs a file of this name.
        (made / "lib" / "libtorch.so").symlink_to("libtorch_cpu.so")
    library = made / "lib" / f"libtorch_cpu.{SUFFIX}"
    loads = subprocess.run([sys.executable, "-c", f"import ctypes; ctypes.CDLL({str(library)!r})"],
                           capture_output=True, text=True)
    if loads.returncode != 0:
        fetch.fail(f"the libtorch that was fetched cannot be loaded here: {loads.stderr.strip().splitlines()[-1]}")
    (made / "build-version").write_text(torch + "\n")  # torch-sys compares it
    (made / ".stamp").write_text(fetch.stamp(pins, RECIPE))
    return made


def slim(target, torch):
    libtorch = target / f"libtorch-{torch}"
    pins = fetch.PINS / f"libtorch-{torch}.txt"
    stamp = fetch.stamp(pins, RECIPE)
    with fetch.locked(target, libtorch.name):
        written = libtorch / ".stamp"
        if written.exists() and written.read_text() == stamp:
            return libtorch
        with fetch.staging(target, libtorch.name) as stage:
            fetch.say(f"libtorch: no {torch} found here; fetching a slim one, for the CPU (0.5 GB to download)")
            made = make_slim(stage, pins, torch)
            if libtorch.exists():
                libtorch.rename(stage / "old")
            made.rename(libtorch)
    return libtorch


def write_environment(path, variables, lib):
    search = "DYLD_LIBRARY_PATH" if MACOS else "LD_LIBRARY_PATH"
    lib = shlex.quote(str(lib))
    lines = ["# Written by scripts/libtorch.py. Use: . target/libtorch.env"]
    for name, value in variables.items():
        lines.append(f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}")
    # For the tests in the documentation: they get no rpath. Once is enough.
    lines.append(f'case ":${{{search}-}}:" in *:{lib}:*) ;; *) export {search}={lib}"${{{search}:+:${search}}}" ;; esac')
    text = "\n".join(lines) + "\n"
    if not (path.exists() and path.read_text() == text):
        temporary = path.with_name(f".{path.name}-{os.getpid()}")
        temporary.write_text(text)
        temporary.replace(path)


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else fetch.ROOT / "target").resolve()
    target.mkdir(parents=True, exist_ok=True)
    tch, torch = wanted()
    libtorch = os.environ.get("LIBTORCH")
    if libtorch and Path(libtorch).resolve() == target / f"libtorch-{torch}":
        libtorch = None  # our own, from a sourced libtorch.env: fetched again if it is gone
        own = True
    else:
        own = False
    use_pytorch = os.environ.get("LIBTORCH_USE_PYTORCH")
    # torch-sys prefers LIBTORCH_USE_PYTORCH, whatever its value; here LIBTORCH comes first.
    variables = {"LIBTORCH_USE_PYTORCH": None, "LIBTORCH": None}
    variables["LIBTORCH_CXX11_ABI"] = os.environ.get("LIBTORCH_CXX11_ABI") or "1"
    if libtorch:
        where, lib = from_libtorch(libtorch, tch, torch)
        source = "LIBTORCH"
    elif use_pytorch and not own:
        where, lib = None, from_use_pytorch(tch, torch)
        source = "LIBTORCH_USE_PYTORCH"
        variables["LIBTORCH_USE_PYTORCH"] = use_pytorch
    else:
        where = None if own else active_pytorch(torch)
        source = "PyTorch of the active Python environment" if where else "slim, CPU"
        where = where or slim(target, torch)
        lib = where / "lib"
    if where:
        variables["LIBTORCH"] = str(where)
    if not os.environ.get("CXX") and not shutil.which("c++"):
        # The compiler that torch-sys would call does not exist, but check-tools.sh found one of these.
        variables["CXX"] = next((name for name in ("g++", "clang++") if shutil.which(name)), None)
    write_environment(target / "libtorch.env", variables, lib)
    found = (version_of(where) if where else None) or torch  # another than `torch` only where the check was bypassed
    fetch.say(f"libtorch: {found} for tch {tch}: {os.path.relpath(where or lib)} ({source})")


fetch.run(main)
