"""A place to work beside the folder that is made, gone when the work is done, and swept when an earlier run was killed.

In: the folder to be. Out: an empty folder beside it, renamed to it if all went well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = ".making."


@contextmanager
def workshop(target: Path) -> Iterator[Path]:
    """Give a temporary folder whose subfolder ``new`` takes the place of `target` at the end.

    What an earlier run that was killed has left beside it is removed first. If anything fails, what stands at `target`
    stays as it is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    place = target.parent / f".{target.name}{_MARK}{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    (place / "new").mkdir(parents=True)
    try:
        yield place
        _swap(place / "new", target, place / "old")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _swap(fresh: Path, target: Path, aside: Path) -> None:
    if target.exists():
        target.rename(aside)
    try:
        fresh.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise


def _sweep(target: Path) -> None:
    """Remove the workshops of runs that are no more; put back what a run killed between two renames had set aside."""
    for left in target.parent.glob(f".{target.name}{_MARK}*"):
        if _is_running(left.name.rpartition(".")[2]):
            continue
        if (left / "old").exists() and not target.exists():
            (left / "old").rename(target)
        shutil.rmtree(left, ignore_errors=True)


def _is_running(process: str) -> bool:
    if not process.isdecimal() or int(process) == os.getpid():
        return False
    with contextlib.suppress(PermissionError):
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
    return True
