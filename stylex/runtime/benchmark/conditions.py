"""Under which conditions a time was measured: clock, temperature, power, and the cores that the process was given."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stylex.runtime.engine import hardware

NOT_READABLE = "not readable"
"""Stands for whatever the system doesn't tell."""
SYS = Path("/sys")
PROC = Path("/proc")
GPU_QUERY = "--query-gpu=clocks.sm,temperature.gpu,power.draw"
MICRO, MILLI = 1e6, 1e3

Reading = float | str
"""A number, or `NOT_READABLE`."""


@dataclass(frozen=True)
class Conditions:
    """Readings at one instant.

    Attributes:
        time: seconds of a clock that only goes forward.
        clock_mhz: of the processor, mean over the cores that the process may use.
        temperature_c: of the hottest sensor, degrees Celsius.
        energy_j: that the processor has used since some time, joules.
        load: processes that wanted a core, mean over the last minute.
        gpus: clock in MHz, degrees Celsius and watts of each NVIDIA card, as its driver tells them.
    """

    time: float
    clock_mhz: Reading
    temperature_c: Reading
    energy_j: Reading
    load: Reading
    gpus: tuple[str, ...]

    @classmethod
    def read(cls) -> Conditions:
        """Reads them now."""
        gpus = hardware.command_output("nvidia-smi", GPU_QUERY, "--format=csv,noheader")
        return cls(
            time.monotonic(),
            _reading(_clock_mhz),
            _reading(_temperature),
            _reading(_energy),
            _reading(lambda: os.getloadavg()[0]),
            tuple(line.strip() for line in gpus.splitlines()),
        )


def between(start: Conditions, end: Conditions) -> dict[str, object]:
    """Returns the readings at the start and the end of a measurement, and the mean power between them in watts."""
    power: Reading = NOT_READABLE
    if not isinstance(start.energy_j, str) and not isinstance(end.energy_j, str) and end.energy_j > start.energy_j:
        power = round((end.energy_j - start.energy_j) / (end.time - start.time), 1)
    pairs = {name: [getattr(start, name), getattr(end, name)] for name in ("clock_mhz", "temperature_c", "load")}
    return {**pairs, "power_w": power, "gpus": [list(start.gpus), list(end.gpus)]}


def _reading(read: Callable[[], float]) -> Reading:
    try:
        return round(read(), 2)
    except (OSError, ValueError, AttributeError):
        return NOT_READABLE


def _clock_mhz() -> float:
    """Returns the frequencies that the governor has set, or else those that the kernel lists."""
    cores = os.sched_getaffinity(0)
    files = [SYS / f"devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq" for core in cores]
    if all(file.is_file() for file in files):
        return _mean(int(file.read_text()) / MILLI for file in files)
    listed = re.findall(r"^cpu MHz\s*:\s*([\d.]+)", (PROC / "cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return _mean(float(mhz) for number, mhz in enumerate(listed) if number in cores)


def _temperature() -> float:
    zones = (SYS / "class/thermal").glob("thermal_zone*/temp")
    sensors = (SYS / "class/hwmon").glob("hwmon*/temp*_input")
    return max(_numbers([*zones, *sensors])) / MILLI


def _energy() -> float:
    """Returns the counters of Intel's and AMD's processors (RAPL), one for each socket; only root may read them."""
    return sum(_numbers([*(SYS / "class/powercap").glob("*-rapl:[0-9]*/energy_uj")], required=True)) / MICRO


def _numbers(files: list[Path], required: bool = False) -> list[float]:
    """Returns the numbers in files; one that can't be read is passed over, unless all are required."""
    found = []
    for file in files:
        try:
            found.append(float(file.read_text()))
        except (OSError, ValueError):
            if required:
                raise
    if not found:
        raise ValueError("no sensor")
    return found


def _mean(values: Iterator[float]) -> float:
    found = [*values]
    if not found:
        raise ValueError("nothing listed")
    return sum(found) / len(found)
