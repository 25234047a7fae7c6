"""Progress of long work: bars, of an optimization with the losses, and a preview picture."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from stylex.models.reference.gatys import Step


class Bars:
    """A context that is called with what is done, how many parts of it are, and how many there will be: a bar for each.

    Bars are made when they are called for first: most photos are painted at once, and rich takes long to import.

    Args:
        preview: picture that is written every so often; None for none.
        every: iterations between two previews.
        console: for the bars, which only terminals show; standard error by default.
    """

    def __init__(self, preview: Path | None = None, every: int = 1, console: Console | None = None) -> None:
        self.preview, self.every, self.console = preview, every, console
        self.progress: Progress | None = None
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.progress is not None:
            self.progress.stop()

    def __call__(self, stage: str, done: int, of: int, losses: str = "") -> None:
        """Moves the bar of a stage."""
        if self.progress is None:
            self.progress = self._started()
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=of, losses="")
        self.progress.update(self.tasks[stage], completed=done, total=of, losses=losses)

    def _started(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = self.console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        losses = TextColumn("{task.fields[losses]}")
        made = Progress(*columns, losses, console=console, disable=not console.is_terminal, refresh_per_second=4)
        made.start()
        return made

    def step(self, step: Step) -> None:
        """Shows the losses of an optimization, and writes the preview if it is its turn."""
        from stylex.imaging.writing import write_picture

        losses = " ".join(f"{name} {value:.4f}" for name, value in step.losses.items())
        for task in self.tasks.values():
            assert self.progress is not None, "it came with the first task"
            self.progress.update(task, losses=losses)
        if self.preview is not None and step.done % self.every == 0:
            write_picture(self.preview, step.picture())


class RateBar:
    """A context that is called with how many are done, and how many there will be: a bar with rate and time left.

    Args:
        unit: of the rate, such as "frames/s".
        console: for the bar, which only terminals show; standard error by default.
    """

    def __init__(self, unit: str, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = console or Console(stderr=True)
        rate = TextColumn(f"{{task.fields[rate]}} {unit}")
        columns = (BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), TextColumn("left"))
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal, refresh_per_second=4)
        self.task = self.progress.add_task("", total=None, rate="-")

    def __enter__(self) -> RateBar:
        self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.stop()

    def __call__(self, done: int, of: int | None) -> None:
        """Moves the bar."""
        speed = self.progress.tasks[0].speed
        self.progress.update(self.task, completed=done, total=of, rate=f"{speed:.1f}" if speed else "-")
