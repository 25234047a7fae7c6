"""Keeps which precision was measured to be the best on this machine, so that "auto" means it from then on."""

from __future__ import annotations

import json
from pathlib import Path

from stylex.errors import ResourceError
from stylex.files import config_folder, write_json
from stylex.installation import onnxruntime
from stylex.runtime.engine import hardware

FILE = "precisions.json"


def keep_precision(technique: str, provider: str, precision: str) -> Path:
    """Keeps the precision to take for a technique on a provider of this machine; returns the file that holds it.

    Raises:
        ResourceError: the user's folder for settings can't be written.
    """
    path = config_folder() / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(f"{path.parent} can't be made ({error.strerror}): name another in STYLEX_CONFIG") from error
    write_json(path, {**_kept(path), _key(technique, provider): {"precision": precision, **_here()}})
    return path


def kept_precision(technique: str, provider: str) -> str | None:
    """Returns the precision that was kept; None where none was, or it was measured elsewhere or by another version."""
    found = kept_precisions().get(_key(technique, provider))
    return found if found else None


def kept_precisions() -> dict[str, str]:
    """Returns all that hold here, by technique and provider, such as "adain on cpu"."""
    here = _here()
    return {
        key: value["precision"]
        for key, value in _kept(config_folder() / FILE).items()
        if isinstance(value, dict) and value == {**here, "precision": value.get("precision")}
    }


def _key(technique: str, provider: str) -> str:
    return f"{technique} on {provider}"


def _here() -> dict[str, str]:
    return {"processor": hardware.processor(), "onnxruntime": onnxruntime().__version__}


def _kept(path: Path) -> dict[str, object]:
    """The file's content; one that can't be read counts for nothing, since it can be measured again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
