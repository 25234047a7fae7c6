"""What is to be seen of long work: a bar, of an optimization with the losses, and a preview picture."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from stylex.imaging.arrays import Image
    from stylex.models.reference.gatys import Step


@contextlib.contextmanager
def bar_of(what: str, shown: bool, console: Console | None = None) -> Iterator[Callable[[int, int], None]]:
    """A bar for work in parts, which is told how many are done of how many.

    Args:
        what: is done.
        shown: False for none.
        console: for the bar, which only terminals show; standard error by default.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


class Watch:
    """A context whose value is called after every iteration.

    Args:
        iterations: in all.
        preview: picture that is written every so often; None for none.
        every: iterations between two previews.
        finished: what is still done to a painted picture.
        console: for the bar, which only terminals show; standard error by default.
    """

    def __init__(
        self,
        iterations: int,
        preview: Path | None,
        every: int,
        finished: Callable[[Image], Image],
        console: Console | None = None,
    ) -> None:
        self.preview, self.every, self.finished = preview, every, finished
        console = console or Console(stderr=True)
        bar, losses = BarColumn(), TextColumn("{task.description}")
        columns = (bar, MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), losses)
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal, refresh_per_second=4)
        self.task = self.progress.add_task("", total=iterations)

    def __enter__(self) -> Callable[[Step], None]:
        self.progress.start()
        return self.tell

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.stop()

    def tell(self, step: Step) -> None:
        """Move the bar, and write the preview if it is its turn."""
        from stylex.imaging.images import write_picture

        losses = " ".join(f"{name} {value:.4f}" for name, value in step.losses.items())
        self.progress.update(self.task, completed=step.done, description=losses)
        if self.preview is not None and step.done % self.every == 0:
            write_picture(self.preview, self.finished(step.picture()))
