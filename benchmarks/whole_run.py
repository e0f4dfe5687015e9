"""What ``riskstrat run`` costs by stage: wall and CPU seconds, peak memory, and the share of each stage.

Run: python benchmarks/whole_run.py SAMPLE FOLDER [--copies 1] [--condition NAME ...]. With several copies every person
of the sample is there so often, each copy a municipality of its own (8 are a million people). The command itself runs
in this process, with its settings, its progress watched. Bars: the sample 60 CPU s and 2 GiB; a million people 15
minutes on two cores and 4 GiB, and no stage above half.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from peak import forget_peak, peak_gib
from riskstrat.__main__ import prepare

START = time.perf_counter(), 0.0


class Cost(NamedTuple):
    """What one stage of one condition took."""

    condition: str
    stage: str
    wall: float
    cpu: float
    peak: float


class Watch:
    """Ends a stage when the next begins."""

    def __init__(self) -> None:
        self.costs: list[Cost] = []
        self.now, self.start = ("all", "imports and opening registers"), START

    def next(self, condition: str, stage: str) -> None:
        """End the stage, and begin this one."""
        end = time.perf_counter(), time.process_time()
        wall, cpu = (late - early for late, early in zip(end, self.start, strict=True))
        self.costs.append(Cost(*self.now, wall, cpu, peak_gib()))
        print(f"{self.now[0]:18} {self.now[1]:44} {wall:7.1f} s {cpu:7.1f} CPU s {peak_gib():5.2f} GiB", flush=True)
        forget_peak()
        self.now, self.start = (condition, stage), end

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[str, float], None]]:
        """Stand in for the command's line on the terminal."""
        self.next(title, "start")
        yield lambda stage, _share: self.next(title, stage)
        self.next("all", "between conditions")


def measure(registers: Path, conditions: list[str] | None) -> list[Cost]:
    watch, command = Watch(), import_module("riskstrat.cli.run")
    command.progress = watch.progress
    with TemporaryDirectory() as out:
        command.run(conditions, registers=str(registers), out=Path(out))
    watch.next("", "")
    return watch.costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--condition", action="append", help="one condition; give it again for several; else all three")
    asked = parser.parse_args()
    registers = asked.sample
    prepare()
    if asked.copies > 1:
        from cohort import make_copies  # loads polars, which reads its settings then

        registers = make_copies(asked.sample, asked.folder, asked.copies, own_areas=True)
    costs = measure(registers, asked.condition)
    wall, cpu = sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs)
    for stage in dict.fromkeys(cost.stage for cost in costs):
        own = [cost for cost in costs if cost.stage == stage]
        print(f"{'together':18} {stage:44} {sum(c.cpu for c in own):7.1f} CPU s {sum(c.cpu for c in own) / cpu:5.0%}")
    print(f"{wall:.0f} s, {cpu:.0f} CPU s, peak {max(cost.peak for cost in costs):.2f} GiB")


if __name__ == "__main__":
    main()
