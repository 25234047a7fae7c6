"""Keeps which precision was measured to be the best on this machine, so that "auto" means it from then on."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from stylex.errors import ResourceError
from stylex.files import CONFIG, config_folder, write_json
from stylex.installation import onnxruntime
from stylex.runtime.engine import hardware

logger = logging.getLogger("stylex")

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
        raise ResourceError(f"{path.parent} can't be made ({error.strerror}): name another in {CONFIG}") from error
    write_json(path, {**_kept(path), _key(technique, provider): {"precision": precision, **_here()}})
    return path


def kept_precision(technique: str, provider: str) -> str | None:
    """Returns the precision that was kept; None where none was.

    One that was measured on another processor or with another ONNX Runtime doesn't count any more, which a warning of
    the logger "stylex" says.
    """
    key, kept = _key(technique, provider), _kept(config_folder() / FILE)
    found = _of_here(kept).get(key)
    if found is None and key in kept:
        again = f"`stylex bench {technique} --provider {provider} --verdict --keep`"
        logger.warning("what was kept for %s is of another processor or ONNX Runtime: measure again, %s", key, again)
    return found


def kept_precisions() -> dict[str, str]:
    """Returns all that hold here, by technique and provider, such as "adain on cpu"."""
    return _of_here(_kept(config_folder() / FILE))


def _of_here(kept: dict[str, object]) -> dict[str, str]:
    here = _here()
    return {
        key: value["precision"]
        for key, value in kept.items()
        if isinstance(value, dict) and value == {**here, "precision": value.get("precision")}
    }


def _key(technique: str, provider: str) -> str:
    return f"{technique} on {provider}"


def _here() -> dict[str, str]:
    return {"processor": hardware.processor(), "onnxruntime": onnxruntime().__version__}


def _kept(path: Path) -> dict[str, object]:
    """Returns the file's content; one that can't be read is told and counts for nothing: it can be measured again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if isinstance(found, dict):
        return found
    logger.warning("%s, which keeps precisions, is damaged: remove it, and measure again", path)
    return {}
