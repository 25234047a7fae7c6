"""Clock, temperature and power, of a system's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stylex.runtime.benchmark import conditions
from stylex.runtime.benchmark.conditions import NOT_READABLE, Conditions, between
from stylex.runtime.engine import hardware


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders in place of /sys and /proc."""
    monkeypatch.setattr(conditions, "SYS", tmp_path)
    monkeypatch.setattr(conditions, "PROC", tmp_path / "proc")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2}, raising=False)
    monkeypatch.setattr(hardware, "command_output", lambda *_: "1410 MHz, 36, 68.10 W\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_what_is_not_there_is_not_readable(system: Path) -> None:
    found = Conditions.read()
    assert (found.clock_mhz, found.temperature_c, found.energy_j) == (NOT_READABLE,) * 3
    assert found.gpus == ("1410 MHz, 36, 68.10 W",)


def test_sensors(system: Path) -> None:
    for core, khz in ((0, 2_400_000), (1, 9), (2, 2_600_000)):
        write(system / f"devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq", f"{khz}\n")
    write(system / "class/thermal/thermal_zone0/temp", "41000\n")
    write(system / "class/hwmon/hwmon1/temp1_input", "52500\n")
    write(system / "class/powercap/intel-rapl:0/energy_uj", "5000000\n")
    write(system / "class/powercap/intel-rapl:0/intel-rapl:0:0/energy_uj", "1\n")
    found = Conditions.read()
    assert (found.clock_mhz, found.temperature_c, found.energy_j) == (2500, 52.5, 5)


def test_the_clock_as_the_kernel_lists_it(system: Path) -> None:
    write(system / "proc/cpuinfo", "".join(f"cpu MHz\t\t: {mhz}\n" for mhz in (1000.0, 9.0, 2000.0)))
    assert Conditions.read().clock_mhz == 1500


def test_mean_power_between_two_readings() -> None:
    start = Conditions(10.0, 2500.0, 40.0, 100.0, 0.5, ())
    end = Conditions(14.0, 2400.0, 45.0, 160.0, 1.5, ())
    found = between(start, end)
    assert found["power_w"] == 15.0
    assert found["clock_mhz"] == [2500.0, 2400.0]
    unknown = Conditions(14.0, 2400.0, 45.0, NOT_READABLE, 1.5, ())
    assert between(start, unknown)["power_w"] == NOT_READABLE
    assert between(end, start)["power_w"] == NOT_READABLE  # the counter began anew
