"""Known ways to run code with a pickle: every one is refused, and every one does run in a pickle read without care."""

from __future__ import annotations

import io
import marshal
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from stylex.errors import ModelError
from stylex.models.safe_checkpoints import read_checkpoint
from stylex.runtime.video.messages import MessageUnpickler


class Call:
    """Unpickled, calls a function, which may itself be what a call returns, with arguments that may be calls."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __call__(self) -> None:
        """Pickle asks that what it reduces to can be called."""

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


class Name:
    """Pickled, is the name of a function, whether it is there or not."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self) -> None:
        """As above."""


class Pickler(pickle._Pickler):
    """Writes `Name`s as the instruction that looks a name up."""

    def save(self, value: Any, save_persistent_id: bool = True) -> None:
        if isinstance(value, Name):
            module, _, name = value.path.rpartition(".")
            self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        else:
            super().save(value, save_persistent_id)


def pickled(value: object, protocol: int = 2) -> bytes:
    data = io.BytesIO()
    Pickler(data, protocol).dump(value)
    return data.getvalue()


def call(path: str, *arguments: Any) -> Call:
    return Call(Name(path), *arguments)


def method(name: str, owner: Any, *arguments: Any) -> Call:
    """A method of what another call returns, as `operator.methodcaller` finds it."""
    return Call(call("operator.methodcaller", name, *arguments), owner)


def module(name: str) -> Call:
    return call("importlib.import_module", name)


WAYS: dict[str, Callable[[str, str], Any]] = {
    "system": lambda sh, py: call("os.system", sh),
    "posix system": lambda sh, py: call("posix.system", sh),
    "popen": lambda sh, py: method("read", call("os.popen", sh)),
    "execv": lambda sh, py: call("os.execv", "/bin/sh", ["sh", "-c", sh]),
    "execl": lambda sh, py: call("os.execl", "/bin/sh", "sh", "-c", sh),
    "execvp": lambda sh, py: call("os.execvp", "sh", ["sh", "-c", sh]),
    "execve": lambda sh, py: call("os.execve", "/bin/sh", ["sh", "-c", sh], {}),
    "spawnl": lambda sh, py: call("os.spawnl", os.P_WAIT, "/bin/sh", "sh", "-c", sh),
    "spawnvp": lambda sh, py: call("os.spawnvp", os.P_WAIT, "sh", ["sh", "-c", sh]),
    "posix_spawn": lambda sh, py: call("os.waitpid", call("os.posix_spawn", "/bin/sh", ["sh", "-c", sh], {}), 0),
    "run": lambda sh, py: call("subprocess.run", ["sh", "-c", sh]),
    "call": lambda sh, py: call("subprocess.call", ["sh", "-c", sh]),
    "check_call": lambda sh, py: call("subprocess.check_call", ["sh", "-c", sh]),
    "check_output": lambda sh, py: call("subprocess.check_output", ["sh", "-c", sh]),
    "getoutput": lambda sh, py: call("subprocess.getoutput", sh),
    "getstatusoutput": lambda sh, py: call("subprocess.getstatusoutput", sh),
    "Popen": lambda sh, py: method("wait", call("subprocess.Popen", ["sh", "-c", sh])),
    "pty": lambda sh, py: call("pty.spawn", ["sh", "-c", sh]),
    "imaplib": lambda sh, py: call("imaplib.IMAP4_stream", sh),
    "pager": lambda sh, py: call("pydoc.pipepager", "", sh),
    "eval": lambda sh, py: call("builtins.eval", py),
    "exec": lambda sh, py: call("builtins.exec", py),
    "eval of Python 2": lambda sh, py: call("__builtin__.eval", py),
    "open": lambda sh, py: call("builtins.open", sh.split()[1], "w"),
    "open of io": lambda sh, py: call("io.open", sh.split()[1], "w"),
    "open of os": lambda sh, py: call("os.open", sh.split()[1], os.O_CREAT),
    "timeit": lambda sh, py: call("timeit.timeit", py, "pass", Name("time.perf_counter"), 1),
    "repeat": lambda sh, py: call("timeit.repeat", py, "pass", Name("time.perf_counter"), 1, 1),
    "timeit's command": lambda sh, py: call("timeit.main", ["-n1", "-r1", py]),
    "cProfile": lambda sh, py: call("cProfile.run", py),
    "runctx": lambda sh, py: call("cProfile.runctx", py, {}, {}),
    "profile": lambda sh, py: call("profile.run", py),
    "bdb": lambda sh, py: method("run", call("bdb.Bdb"), py),
    "interpreter": lambda sh, py: method("runsource", call("code.InteractiveInterpreter"), py),
    "runpy": lambda sh, py: call("runpy._run_code", call("builtins.compile", py, "x", "exec"), {}),
    "marshal": lambda sh, py: Call(
        call("types.FunctionType", call("marshal.loads", marshal.dumps(compile(py, "x", "exec"))), {})
    ),
    "getattr": lambda sh, py: Call(call("builtins.getattr", module("os"), "system"), sh),
    "attrgetter": lambda sh, py: Call(Call(call("operator.attrgetter", "system"), module("os")), sh),
    "methodcaller": lambda sh, py: method("system", module("os"), sh),
    "partial": lambda sh, py: Call(call("functools.partial", Name("os.system"), sh)),
    "map": lambda sh, py: call("builtins.list", call("builtins.map", Name("os.system"), [sh])),
    "starmap": lambda sh, py: call("builtins.list", call("itertools.starmap", Name("os.system"), [(sh,)])),
    "reduce": lambda sh, py: Call(call("functools.reduce", Name("builtins.getattr"), [module("posix"), "system"]), sh),
    "thread": lambda sh, py: method("run", call("threading.Thread", None, Name("os.system"), None, (sh,))),
    "ctypes": lambda sh, py: Call(call("builtins.getattr", call("ctypes.CDLL", None), "system"), sh.encode()),
    "a pickle in a pickle": lambda sh, py: call("pickle.loads", pickled(call("os.system", sh))),
    "a pickle of C in a pickle": lambda sh, py: call("_pickle.loads", pickled(call("os.system", sh))),
    "torch": lambda sh, py: call("torch.storage._load_from_bytes", _legacy(pickled(call("os.system", sh)))),
    "reconstructor": lambda sh, py: method("__init__", call("copyreg.__newobj__", Name("subprocess.Popen")), [
        "sh", "-c", sh]),
}  # fmt: skip
"""Ways by name; each makes a pickle of `touch FILE` as a command of the shell, or as an expression of Python."""


MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def _legacy(pickle_of_it: bytes) -> bytes:
    """As torch wrote files until 1.5."""
    return b"".join(pickle.dumps(head, 2) for head in (MAGIC, VERSION, SYSTEM)) + pickle_of_it + pickle.dumps([], 2)


def _zipped(pickle_of_it: bytes) -> bytes:
    """As torch writes files since 1.6."""
    saved, made = io.BytesIO(), io.BytesIO()
    torch.save({"weight": torch.zeros(1)}, saved)
    with zipfile.ZipFile(saved) as whole, zipfile.ZipFile(made, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, pickle_of_it if name.endswith("data.pkl") else whole.read(name))
    return made.getvalue()


FILES = {"bare": bytes, "legacy": _legacy, "zipped": _zipped}


def _commands(marker: Path) -> tuple[str, str]:
    return f"touch {marker}", f"open({str(marker)!r}, 'w')"


def test_there_are_forty() -> None:
    assert len(WAYS) >= 40


@pytest.mark.parametrize("way", WAYS)
def test_it_is_refused(way: str, tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "net.pth"
    harmful = WAYS[way](*_commands(marker))
    for held in (harmful, {"state_dict": {"weight": harmful}}):
        for protocol in (0, 2, 4):
            for written in FILES.values():
                path.write_bytes(written(pickled(held, protocol)))
                with pytest.raises(ModelError) as caught:
                    read_checkpoint(path)
                assert "\n" not in str(caught.value) and not marker.exists()
    with pytest.raises(Exception):  # noqa: B017 - of any kind, before anything is called
        MessageUnpickler(io.BytesIO(pickled(harmful))).load()
    assert not marker.exists()


@pytest.mark.parametrize(
    "harmful",
    [
        b"(S'touch %s'\nios\nsystem\n.",
        b"(cos\nsystem\nS'touch %s'\no.",
        b"cos\nsystem\n(S'touch %s'\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93(S'touch %s'\ntR.",
        b"\x80\x02cos\nsystem\n(S'touch %s'\nt\x81.",
    ],
    ids=["INST", "OBJ", "GLOBAL", "STACK_GLOBAL", "NEWOBJ"],
)
def test_every_instruction_that_calls_is_refused(harmful: bytes, tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "net.pth"
    for written in FILES.values():
        path.write_bytes(written(harmful % bytes(marker)))
        with pytest.raises(ModelError):
            read_checkpoint(path)
    assert not marker.exists()


CARELESS = """
import os, pathlib, pickle, sys
for file in pathlib.Path(sys.argv[1]).iterdir():
    if not (child := os.fork()):
        os.dup2(os.open(os.devnull, os.O_RDWR), 0), os.dup2(0, 1), os.dup2(0, 2)
        pickle.loads(file.read_bytes())
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_read_without_care_every_one_runs(tmp_path: Path) -> None:
    (tmp_path / "pickles").mkdir()
    (tmp_path / "markers").mkdir()
    for number, way in enumerate(WAYS):
        harmful = WAYS[way](*_commands(tmp_path / "markers" / str(number)))
        (tmp_path / "pickles" / str(number)).write_bytes(pickled(harmful))
    subprocess.run([sys.executable, "-c", CARELESS, tmp_path / "pickles"], check=True)
    missing = [way for number, way in enumerate(WAYS) if not (tmp_path / "markers" / str(number)).exists()]
    assert not missing
