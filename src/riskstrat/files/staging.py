"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from riskstrat.files.guard import Source, guard_content, guard_folder, guard_location, mark_result

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LONGEST_WAIT = 60.0
"""Seconds that a process waits for another one's lock."""
UNFINISHED = ".unfinished-"
"""Beginning of the names of files that are being written."""

_NEW, _OLD, _SCRATCH, _LOCK = "new", "old", "scratch", "lock"


@dataclass(frozen=True, kw_only=True)
class Staging:
    """Two empty folders beside a target: `result` takes the target's place at the end, `scratch` is removed.

    Parameters
    ----------
    result
        Where the files of the result are written.
    scratch
        Where files that are needed meanwhile are written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with staged_folder(Path(folder) / "out", command="demo") as staging:
    ...         _ = (staging.scratch / "part.txt").write_text("a")
    ...         _ = (staging.scratch / "part.txt").rename(staging.result / "a.txt")
    ...     sorted(path.name for path in Path(folder).rglob("*.txt"))
    ['a.txt']
    """

    result: Path
    scratch: Path


@contextmanager
def staged_folder(target: str | Path, *, command: str, sources: Iterable[Source] = ()) -> Iterator[Staging]:
    """Write a folder that is there complete or not at all.

    The guard (`guard_folder`) is passed before anything is written and once more when the target is replaced. Until
    then the target stays as it is, and it comes back if anything fails. What an earlier run that was killed left beside
    the target is removed; a folder that it had moved away is put back first.

    Parameters
    ----------
    target
        The folder to write.
    command
        Name of the command or function that writes it.
    sources
        Files, folders and addresses of databases that are read meanwhile.

    Yields
    ------
    Staging
        Where to write.

    Raises
    ------
    UsageError
        If the target may not be replaced, see `guard_folder`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with staged_folder(Path(folder) / "out", command="demo") as staging:
    ...         _ = (staging.result / "a.txt").write_text("a")
    ...     sorted(path.name for path in (Path(folder) / "out").iterdir())
    ['.riskstrat.json', 'a.txt']
    """
    known_sources = tuple(sources)
    folder = Path(target).resolve()
    guard_location(target, known_sources, replaced=True)
    abandoned = _abandoned_beside(folder)
    _put_back(folder, abandoned)
    guard_folder(target, command=command, sources=known_sources)
    for left in abandoned:
        _discard(left)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=_staging_prefix(folder), dir=folder.parent))
    with (staging / _LOCK).open("wb") as lock:
        _hold(lock)
        try:
            for name in (_NEW, _SCRATCH):
                (staging / name).mkdir()
            yield Staging(result=staging / _NEW, scratch=staging / _SCRATCH)
            mark_result(staging / _NEW, command)
            guard_location(target, known_sources, replaced=True)
            _swap(staging, folder, command)
        finally:
            _discard(staging)


@contextmanager
def whole_file(path: Path, *, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """Write a file under another name, see that it is on the disk, then rename it: after an error it is as it was.

    Only its owner can read it, unless another `mode` is given.
    """
    for left in path.parent.glob(f"{UNFINISHED}*"):
        if _is_abandoned(left):
            left.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{UNFINISHED}{path.name}-", delete=False) as file:
        _hold(file)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(mode)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def exclusive(path: Path, *, seconds: float = LONGEST_WAIT) -> Iterator[bool]:
    """Hold the lock of a file, if the disk has any (else False); it is free again however the process ends."""
    last = time.monotonic() + seconds
    with path.open("ab") as file:
        yield _wait_for(file, last)


def _wait_for(file: IO[bytes], last: float) -> bool:
    while True:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as held:
            if time.monotonic() > last:
                raise TimeoutError(errno.ETIMEDOUT, "held by another process", file.name) from held
            time.sleep(0.1)
        except OSError:
            return False
        else:
            return True


def restored(folder: str | Path) -> Path:
    """Put back a result that a killed command had moved away, before it is read.

    Parameters
    ----------
    folder
        A folder that a command may have been replacing when it was killed; nothing is done where it is there.

    Returns
    -------
    pathlib.Path
        The folder.

    Examples
    --------
    >>> restored("no such folder").exists()
    False
    """
    wanted = Path(folder)
    if not os.path.lexists(wanted) and wanted.resolve().parent.is_dir():
        _put_back(wanted.resolve(), _abandoned_beside(wanted.resolve()))
    return wanted


def _staging_prefix(folder: Path) -> str:
    return f".{folder.name}.staging-"


def _abandoned_beside(folder: Path) -> list[Path]:
    pattern = f"{glob.escape(_staging_prefix(folder))}*"
    return [path for path in folder.parent.glob(pattern) if _is_abandoned(path / _LOCK)]


def _put_back(folder: Path, abandoned: Iterable[Path]) -> None:
    """Put back what a run that was killed between two renames had moved away."""
    for left in abandoned:
        if (left / _OLD).exists() and not os.path.lexists(folder):
            (left / _OLD).rename(folder)


def _swap(staging: Path, folder: Path, command: str) -> None:
    """Move the new folder to its place; if that fails, or the old one is not as it was written, that comes back."""
    old, new = staging / _OLD, staging / _NEW
    try:
        if folder.exists():
            shutil.copymode(folder, new)
            folder.rename(old)
            guard_content(old, command, folder.name)
        new.rename(folder)
    except BaseException:
        if old.exists() and not os.path.lexists(folder):
            old.rename(folder)
        raise


def _discard(staging: Path) -> None:
    """Remove a staging directory, unless it holds what was moved away and has not been replaced."""
    if not ((staging / _OLD).exists() and (staging / _NEW).exists()):
        shutil.rmtree(staging, ignore_errors=True)


def _hold(file: IO[bytes]) -> bool:
    """Lock a file until the process ends, however it ends; False if it is held elsewhere or cannot be locked."""
    with suppress(OSError):
        _lock(file)
        return True
    return False


def _lock(file: IO[bytes]) -> None:
    """Lock a file; BlockingIOError (on Windows PermissionError) if it is held, another OSError without locks."""
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_abandoned(locked: Path) -> bool:
    """Whether the process that held the lock is no more; False also where that cannot be told."""
    with suppress(OSError), locked.open("r+b") as file:
        return _hold(file)
    return False
