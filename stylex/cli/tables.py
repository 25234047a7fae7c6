"""Tables of measurements on the terminal, below what they were measured on."""

from __future__ import annotations

from collections.abc import Sequence

from stylex.runtime.benchmark.report import machine
from stylex.runtime.engine import hardware

WIDE = 13
"""Assumed width of a column in characters, by which a table is found to fit the terminal or not."""


def heading() -> list[str]:
    """Returns hardware and versions in a few lines, without which a time says nothing."""
    computer = machine()
    memory = "memory unknown" if computer["memory_gib"] is None else f"{computer['memory_gib']} GiB"
    lines = [f"{computer['processor']}, {computer['cores']} cores, {memory}, {computer['system']}", *hardware.gpus()]
    if flags := hardware.instruction_sets():
        lines.append(", ".join(hardware.INT8_FLAGS[flag] for flag in flags))
    versions = f"stylex {computer['stylex']}, ONNX Runtime {computer['onnxruntime']}, Python {computer['python']}"
    return [*lines, versions]


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints machine, then table, to standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            *("-" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value) for value in row)
        )
    console = Console()
    for line in heading():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    needed = max(100, WIDE * len(columns))
    console.print(table) if console.width >= needed else Console(width=max(120, needed)).print(table)
