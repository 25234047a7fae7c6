"""One process that reads damaged files: `python -m reliability.mutated.worker KIND WAY SEED FIRST BEHIND`.

Prints a line of JSON before each file, with its number, and one behind it, with how it ended and the seconds of a
processor that it took.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reliability.mutated.mutators import mutated
from reliability.mutated.originals import Original
from reliability.mutated.targets import BY_COMMAND, IN_PYTHON, ORIGINALS, Target
from stylex.errors import StylexError

WAYS: dict[str, Mapping[str, Target]] = {"python": IN_PYTHON, "command": BY_COMMAND}


def damaged(wholes: list[Original], kind: str, seed: int, number: int) -> Original:
    """Returns the damaged file of that number: always the same one."""
    rng = np.random.default_rng([seed, sorted(ORIGINALS).index(kind), number])
    suffix, data = wholes[int(rng.integers(len(wholes)))]
    return suffix, mutated(data, rng)


def outcome(target: Target, path: Path) -> dict[str, str]:
    """Returns how reading a file ended: "read" or "refused", or a fault with its traceback."""
    try:
        target(path)
    except StylexError as error:
        lines = str(error).strip().splitlines()
        return {"ended": "refused"} if len(lines) == 1 else {"fault": f"{len(lines)} lines: {error!r}"[:500]}
    except Exception:
        return {"fault": traceback.format_exc()[-1500:]}
    return {"ended": "read"}


def main(kind: str, way: str, seed: int, first: int, behind: int) -> None:
    """Reads the damaged files of these numbers."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wholes = list(ORIGINALS[kind](folder))
        if way == "command":
            _warm(kind, wholes, folder)
        for number in range(first, behind):
            suffix, data = damaged(wholes, kind, seed, number)
            path = folder / f"damaged{suffix}"
            path.write_bytes(data)
            print(json.dumps({"number": number, "suffix": suffix}), flush=True)
            begun = _processor_time()
            ended: dict[str, object] = {**outcome(WAYS[way][kind], path)}
            print(json.dumps(ended | {"seconds": _processor_time() - begun}), flush=True)


def _processor_time() -> float:
    """Returns the seconds that this process and those that it has waited for have computed."""
    return sum(os.times()[:4])


def _warm(kind: str, wholes: list[Original], folder: Path) -> None:
    """Runs the verb once on a whole file."""
    suffix, data = wholes[0]
    (path := folder / f"whole{suffix}").write_bytes(data)
    BY_COMMAND[kind].warm(path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
