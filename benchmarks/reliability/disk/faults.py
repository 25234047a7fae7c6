"""The preloaded library that makes calls fail, from Python."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stylex.errors import ResourceError

SOURCE = Path(__file__).with_name("faults.c")
WRITE, FSYNC, RENAME, CLOSE, ALL = 1, 2, 4, 8, 15
KINDS = {"write": WRITE, "fsync": FSYNC, "rename": RENAME, "close": CLOSE}
KILL = -1


def can_be_built() -> bool:
    """Returns whether this is Linux with a C compiler."""
    return sys.platform == "linux" and shutil.which("gcc") is not None


def restart_with_faults(module: str) -> None:
    """Starts this program anew, `python -m module` with the same arguments, with the library before all others.

    Raises:
        ResourceError: there is no compiler.
    """
    if "faults" in os.environ.get("LD_PRELOAD", ""):
        return
    if not can_be_built():
        raise ResourceError("this needs Linux and gcc: apt install gcc")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "faults.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env={**os.environ, "LD_PRELOAD": str(library)}).returncode)


def arm(folder: Path, kinds: int = 0, number: int = 0, error: int = 0, lasting: bool = False) -> None:
    """Lets the `number`-th call of some kinds on files below a folder fail from now on, in this process.

    Args:
        folder: without links.
        kinds: see `KINDS`.
        number: from 1.
        error: of `errno`, or `KILL`; 0 lets nothing fail.
        lasting: whether all later ones fail too, as on a full disk.
    """
    ctypes.CDLL(None).faults_arm(os.fsencode(folder), kinds, ctypes.c_long(number), error, int(lasting))


def log() -> list[tuple[str, str]]:
    """Returns the calls since `arm`, of all kinds: name and path below the folder."""
    text = ctypes.CDLL(None).faults_log
    text.restype = ctypes.c_char_p
    return [(kind, path) for kind, _, path in (line.partition(" ") for line in os.fsdecode(text()).splitlines())]
