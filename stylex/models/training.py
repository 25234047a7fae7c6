"""The training loop that all techniques share.

A technique brings a `Recipe`: a network, a loss for one step, a picture of samples. The loop brings the optimizer, the
schedule, the moving average, checkpoints that survive an interruption at any instant, the progress bar and the training
card.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import platform
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from stylex import __version__
from stylex.errors import InputError, Interrupted, ModelError, ResourceError
from stylex.files import sha256_of, write_bytes, write_json

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "weights.safetensors"
CARD = "card.json"


class Recipe(Protocol):
    """What a technique brings to its training."""

    @property
    def name(self) -> str:
        """The technique."""

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    @property
    def not_exported(self) -> tuple[str, ...]:
        """Prefixes of parameters that only training needs."""

    def restart(self, seed: int) -> None:
        """Make the network anew, from a seed."""

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Loss of one batch, and its parts for the progress bar."""

    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """A sheet of fixed samples, RGB (H, W, 3)."""

    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Tensors to keep in the weights file beside the parameters."""

    def describe(self) -> dict[str, Any]:
        """What the training card says of data and losses."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast; the defaults of every `stylex train` command.

    Attributes:
        steps: optimizer steps, at most.
        minutes: wall-clock minutes over all resumed runs, at most; 0 for no limit.
        rate: peak learning rate of Adam.
        warmup: steps in which the rate rises.
        ema: share of the newest weights in the moving average, at the least.
        clip: largest norm of the gradient.
        save_every: seconds between checkpoints.
        sample_every: steps between sample sheets.
        seed: of weights, data and noise.
    """

    steps: int = 20_000
    minutes: float = 0.0
    rate: float = 1.5e-3
    warmup: int = 200
    ema: float = 0.004
    clip: float = 2.0
    save_every: float = 60.0
    sample_every: int = 500
    seed: int = 0

    def progress(self, step: int, seconds: float) -> float:
        """How much of the training is done, 0 to 1."""
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_time))

    def rate_at(self, step: int, progress: float) -> float:
        """Linear warm-up, then half a cosine down to 2 % of the peak."""
        return self.rate * min(1.0, (step + 1) / max(1, self.warmup)) * (0.51 + 0.49 * math.cos(math.pi * progress))


@dataclass
class State:
    """Everything that a run is resumed from."""

    network: nn.Module
    optimizer: torch.optim.Adam
    average: dict[str, Tensor]
    step: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the checkpoint and nothing else; it replaces the older one in one rename."""
        tensors = {f"network.{k}": v.contiguous() for k, v in self.network.state_dict().items()}
        tensors |= {f"average.{k}": v.contiguous() for k, v in self.average.items()}
        for i, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{k}": torch.as_tensor(v).contiguous() for k, v in slots.items()}
        facts = {"step": str(self.step), "seconds": str(self.seconds), "losses": json.dumps(self.losses)}
        write_bytes(folder / CHECKPOINT, save(tensors, facts))

    def resume(self, folder: Path) -> bool:
        """Load the checkpoint of `folder`, if there is one.

        Raises:
            ModelError: it belongs to another network or is damaged.
        """
        path = folder / CHECKPOINT
        if not path.exists():
            return False
        try:
            with safe_open(path, "pt") as file:
                facts, names = file.metadata(), list(file.keys())
                tensors = {name: file.get_tensor(name) for name in names}
            self.network.load_state_dict(_below(tensors, "network."))
            averages = _below(tensors, "average.")
            self.average = {name: averages[name].to(t.device) for name, t in self.network.state_dict().items()}
            slots: dict[int, dict[str, Tensor]] = {}
            for name, tensor in _below(tensors, "adam.").items():
                index, key = name.split(".", 1)
                slots.setdefault(int(index), {})[key] = tensor
            self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": slots})
            self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
            self.losses = json.loads(facts.get("losses", "{}"))
        except Exception as error:  # safetensors', torch's and JSON's errors share no base class
            raise ModelError(
                f"{path} doesn't fit this network ({' '.join(str(error).split())[:300]}): "
                "remove it or train into another folder"
            ) from error
        return True


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def choose_device(name: str) -> torch.device:
    """The device for "cpu", "cuda" or "auto".

    Raises:
        ResourceError: CUDA was asked for and isn't there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ResourceError("torch finds no CUDA device: check the driver, install torch for CUDA, or use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def train(recipe: Recipe, schedule: Schedule, out: Path, device: torch.device, console: Console | None = None) -> Path:
    """Train, or go on where the checkpoint in `out` stands; returns the weights file.

    Writes into `out`: the checkpoint, the averaged weights, the training card and sample sheets.

    Raises:
        Interrupted: Ctrl-C; the checkpoint has been written.
        InputError: `out` can't be a folder.
        ModelError: the checkpoint is damaged or of another network, or the loss is not finite any more.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} can't be made a folder ({error.strerror}): choose another with --out") from error
    recipe.restart(schedule.seed)
    # torch's types forget that Module.to takes a memory format
    network: nn.Module = recipe.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), schedule.rate, betas=(0.9, 0.99))
    state = State(network, optimizer, {k: v.detach().clone() for k, v in network.state_dict().items()})
    console = console or Console(stderr=True)
    if state.resume(out):
        console.print(f"resuming {out} at step {state.step}, after {state.seconds / 60:.0f} minutes")
    try:
        for _ in _steps(recipe, schedule, state, out, device, console):
            pass
    except KeyboardInterrupt:
        state.save(out)
        raise Interrupted(f"stopped at step {state.step}; the same command goes on from {out / CHECKPOINT}") from None
    state.save(out)
    return finish(recipe, schedule, state, out, device)


def _steps(
    recipe: Recipe, schedule: Schedule, state: State, out: Path, device: torch.device, console: Console
) -> Iterator[None]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    last = saved = time.monotonic()
    with Progress(*columns, console=console, refresh_per_second=2) as bar:
        task = bar.add_task(recipe.name, total=1.0)
        while (progress := schedule.progress(state.step, state.seconds)) < 1:
            _one_step(recipe, schedule, state, progress, device)
            now = time.monotonic()
            state.seconds, last = state.seconds + now - last, now
            parts = " ".join(f"{k} {v:.3f}" for k, v in state.losses.items())
            bar.update(task, completed=progress, description=f"{recipe.name} step {state.step} {parts}")
            if now - saved > schedule.save_every:
                state.save(out)
                saved = now
            if state.step % schedule.sample_every == 0:
                if not console.is_terminal:
                    console.print(f"step {state.step} {state.seconds:.0f} s {parts}")
                write_sheet(out / f"samples-{state.step:06d}.jpg", recipe.sample(averaged(recipe, state)))
            yield


def _one_step(recipe: Recipe, schedule: Schedule, state: State, progress: float, device: torch.device) -> None:
    for group in state.optimizer.param_groups:
        group["lr"] = schedule.rate_at(state.step, progress)
    rng = np.random.default_rng((schedule.seed, state.step))  # a resumed run draws what an uninterrupted one would
    loss, parts = recipe.step(rng, device)
    if not torch.isfinite(loss):
        raise ModelError(f"the loss is {loss.item()} at step {state.step}: lower the learning rate and resume")
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships `backward` untyped
    nn.utils.clip_grad_norm_(state.network.parameters(), schedule.clip)
    with _ctrl_c_held_back():  # the state changes as a whole
        state.optimizer.step()
        with torch.no_grad():
            share = max(schedule.ema, 10 / (state.step + 10))
            for name, value in state.network.state_dict().items():
                state.average[name].lerp_(value, share)
        for name, part in parts.items():
            state.losses[name] = part if name not in state.losses else 0.98 * state.losses[name] + 0.02 * part
        state.step += 1


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let Ctrl-C take effect at the end of the block; only the main thread can be interrupted at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)


def averaged(recipe: Recipe, state: State) -> nn.Module:
    """A copy of the network that carries the averaged weights, on the CPU, in evaluation mode."""
    network = copy.deepcopy(recipe.network).cpu().eval()
    network.load_state_dict({k: v.cpu() for k, v in state.average.items()})
    return network


def finish(recipe: Recipe, schedule: Schedule, state: State, out: Path, device: torch.device) -> Path:
    """Write averaged weights in half precision, without what only training needs, and the card beside them."""
    kept = {
        name: tensor.cpu().half().contiguous()
        for name, tensor in state.average.items()
        if not name.startswith(recipe.not_exported)
    }
    parameters = sum(t.numel() for t in kept.values())
    kept |= {name: t.half().contiguous() for name, t in recipe.extras(averaged(recipe, state)).items()}
    weights = out / WEIGHTS
    write_bytes(weights, save(kept))
    card = {
        "technique": recipe.name,
        "parameters": parameters,
        "weights_sha256": sha256_of(weights),
        "steps": state.step,
        "seconds": round(state.seconds),
        "losses": {k: round(v, 4) for k, v in state.losses.items()},
        "schedule": asdict(schedule),
        "device": torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"CPU, {torch.get_num_threads()} threads",
        "versions": {"stylex": __version__, "torch": torch.__version__, "python": platform.python_version()},
        **recipe.describe(),
    }
    write_json(out / CARD, card)
    write_sheet(out / "samples.jpg", recipe.sample(averaged(recipe, state)))
    return weights


def write_sheet(path: Path, sheet: npt.NDArray[np.uint8]) -> None:
    """Write an RGB picture as JPEG."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done, "JPEG encoding of an 8-bit picture can't fail"
    write_bytes(path, data.tobytes())
