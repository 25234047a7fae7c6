"""The training loop that all techniques share.

A technique brings a `Recipe`: a network, a loss for one step, a picture of samples. The loop brings the optimizer, the
schedule, the moving average, checkpoints that survive an interruption at any instant, the progress bar and the training
card.
"""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from stylex.errors import Interrupted, ModelError, ResourceError
from stylex.files import make_folder, sha256_of
from stylex.imaging.writing import write_picture
from stylex.models.training.checkpoints import CHECKPOINT, State, averaged, finish, write_card
from stylex.models.training.optimizer import Optimizer
from stylex.models.training.recipe import Recipe, Schedule

SUBJECT = ("style",)
"""Keys of `Recipe.describe` whose values a resumed run must share with the run before."""


def choose_device(name: str) -> torch.device:
    """Returns the device for "cpu", "cuda" or "auto".

    Raises:
        ResourceError: CUDA was asked for and isn't there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ResourceError(
            "torch finds no CUDA device: check the driver, install torch for CUDA, or train on the CPU", device="cpu"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def train(recipe: Recipe, schedule: Schedule, out: Path, device: torch.device, console: Console | None = None) -> Path:
    """Trains, or goes on where the checkpoint in `out` stands; returns the weights file.

    Writes into `out`: the checkpoint, the averaged weights, the training card and sample sheets.

    Raises:
        Interrupted: Ctrl-C; the checkpoint has been written.
        InputError, ResourceError: `out` can't be made a folder, or written.
        ModelError: the checkpoint is damaged or of another network, or the loss is not finite any more.
    """
    make_folder(out, out=None)
    recipe.restart(schedule.seed)
    # torch's types forget that Module.to takes a memory format
    network: nn.Module = recipe.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = Optimizer(network, schedule.rate, schedule.momentum, recipe.muon)
    described = json.loads(json.dumps(recipe.describe()))  # as it is read back from a checkpoint
    subject = {"technique": recipe.name} | {name: described[name] for name in SUBJECT if name in described}
    subject["start"] = None if recipe.start is None else sha256_of(recipe.start)
    averages = {k: v.detach().clone() for k, v in network.state_dict().items()}
    state = State(network, optimizer, averages, subject=subject)
    console = console or Console(stderr=True)
    if state.resume(out):
        console.print(_continuation(state, schedule, out), soft_wrap=True, highlight=False, markup=False)
        if schedule.progress(state.step, state.seconds) >= 1:
            return finish(recipe, schedule, state, out, device)
    state.note(described.get("settings", {}))
    try:
        _loop(recipe, schedule, state, out, device, console)
    except KeyboardInterrupt:
        state.save(out)
        write_card(recipe, schedule, state, out, device)
        raise Interrupted(f"stopped at step {state.step}; the same command goes on from {out / CHECKPOINT}") from None
    state.save(out)
    return finish(recipe, schedule, state, out, device)


def _continuation(state: State, schedule: Schedule, out: Path) -> str:
    """Returns what becomes of the run in a folder: it goes on, or it is finished and what would go on with it."""
    if schedule.progress(state.step, state.seconds) < 1:
        return f"resuming {out} at step {state.step}, after {state.seconds / 60:.0f} minutes; steps: {schedule.steps}"
    more = "steps" if state.step >= schedule.steps else "minutes"
    return f"the run of {state.step} steps in {out} is finished; more {more} go on with it"


def _loop(recipe: Recipe, schedule: Schedule, state: State, out: Path, device: torch.device, console: Console) -> None:
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
                write_card(recipe, schedule, state, out, device)
                saved = now
            if state.step % schedule.sample_every == 0:
                if not console.is_terminal:
                    console.print(f"step {state.step} {state.seconds:.0f} s {parts}")
                write_picture(out / f"samples-{state.step:06d}.jpg", recipe.sample(averaged(recipe, state)))


def _one_step(recipe: Recipe, schedule: Schedule, state: State, progress: float, device: torch.device) -> None:
    state.optimizer.set_rate(schedule.rate_at(state.step, progress))
    rng = np.random.default_rng((schedule.seed, state.step))  # a resumed run draws what an uninterrupted one would
    loss, parts = recipe.step(rng, device)
    if not torch.isfinite(loss):
        raise ModelError(f"the loss is {loss.item()} at step {state.step}: lower the learning rate and resume")
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships `backward` untyped
    nn.utils.clip_grad_norm_(state.network.parameters(), schedule.clip)
    with _signals_held_back():  # the state changes as a whole
        state.optimizer.step()
        with torch.no_grad():
            share = max(schedule.ema, 10 / (state.step + 10))
            for name, value in state.network.state_dict().items():
                state.average[name].lerp_(value, share)
        for name, part in parts.items():
            state.losses[name] = part if name not in state.losses else 0.98 * state.losses[name] + 0.02 * part
        state.step += 1


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Lets Ctrl-C, and other signals that somebody waits for, take effect at the end of the block.

    Only the main thread can be interrupted at all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
