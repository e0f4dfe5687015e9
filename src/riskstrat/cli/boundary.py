"""The boundary of the command: what can be expected ends in a sentence, the rest in a log that holds no person.

In: an exception. Out: a sentence on the error stream and an exit code.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import riskstrat
from riskstrat.conditions import raised_in_condition
from riskstrat.errors import ContractError, Problem, RiskstratError, UsageError, printable

LOG = "riskstrat-fault-"
"""Beginning of the names of logs, in the folder for temporary files."""

_REMEDIES = {
    errno.ENOSPC: "free some space, or give a folder on another disk",
    errno.EDQUOT: "free some space, or ask for a larger quota",
    errno.EMFILE: "allow the process more open files (ulimit -n)",
    errno.ENFILE: "close other programs: the machine has no more open files",
    errno.EACCES: "ask for the right to read or write it",
    errno.EROFS: "give a folder that can be written",
}
_EXPECTED: tuple[tuple[type[BaseException], type[RiskstratError], Problem], ...] = (
    (
        MemoryError,
        RiskstratError,
        Problem("not enough memory", "more of it", "close other programs, or take fewer people"),
    ),
    (
        RecursionError,
        UsageError,
        Problem("something nested too deeply", "fewer levels", "write it flatter"),
    ),
    (
        OverflowError,
        UsageError,
        Problem(
            "a date or a number of days beyond the calendar",
            "dates from the year 1 to 9999",
            "look at the as-of date, the windows, and the dates and delays in the manifest",
        ),
    ),
)
_DAMAGED = Problem("a damaged file: its rows cannot be read", "whole Parquet files", "fetch or write the files again")
_OS_ERROR = re.compile(r"os error (\d+)")
_UNREADABLE = re.compile(r"parquet|out of specification|ARROW:schema|ipc|zstd|snappy|thrift", re.IGNORECASE)
_PACKAGE = Path(riskstrat.__file__).parent


@contextmanager
def boundary() -> Iterator[None]:
    """Leave with a sentence and the exit code of whatever is raised inside; nothing reaches the user as a traceback."""
    _write_anything()
    try:
        with _flushed():
            yield
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except BaseException as raised:
        in_condition = raised_in_condition(raised)
        if isinstance(raised, SystemExit) and in_condition is None:
            raise
        found = in_condition or _expected(raised) or _fault(raised)
        _leave(str(found), found.exit_code)


@contextmanager
def _flushed() -> Iterator[None]:
    """See that all that was printed has left, while a sentence can still be said about it."""
    try:
        yield
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _write_anything() -> None:
    """Write letters that the stream's encoding does not have as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _expected(raised: BaseException) -> RiskstratError | None:
    """Turn what can be expected of machines and files into an error of ours; None for what cannot."""
    if isinstance(raised, RiskstratError):
        return raised
    number = _error_number(raised)
    if number is not None:
        named = getattr(raised, "filename", None)
        about = f"{os.strerror(number)}{f': {named}' if named else ''}"
        return RiskstratError(Problem(about, "files that can be read and written", _REMEDIES.get(number, "see to it")))
    of_polars = _is_of(raised, "polars") or type(raised).__name__ == "PanicException"
    if of_polars and _UNREADABLE.search(str(raised)):
        return ContractError(_DAMAGED)
    return next((error(problem) for kind, error, problem in _EXPECTED if isinstance(raised, kind)), None)


def _error_number(raised: BaseException) -> int | None:
    """Find the number of a system's error, also in the words of libraries that are not written in Python."""
    if isinstance(raised, OSError) and raised.errno is not None:
        return raised.errno
    found = _OS_ERROR.search(str(raised)) if isinstance(raised, OSError) or _is_of(raised, "polars") else None
    return int(found[1]) if found else None


def _is_of(raised: BaseException, package: str) -> bool:
    return type(raised).__module__.split(".")[0] == package


def _fault(raised: BaseException) -> RiskstratError:
    """Keep where it happened, without messages and values: they may speak of persons."""
    frames = [frame for frame in traceback.extract_tb(raised.__traceback__) if Path(frame.filename) != Path(__file__)]
    where = [f"{_shown(Path(frame.filename))}:{frame.lineno} {frame.name}" for frame in frames]
    lines = (
        f"riskstrat {riskstrat.__version__}, Python {platform.python_version()}, {platform.system()}",
        type(raised).__name__,
        *where,
    )
    log = "no log could be written"
    with suppress(OSError):
        descriptor, log = tempfile.mkstemp(prefix=LOG, suffix=".log")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join((*lines, "")))
    return RiskstratError(
        Problem(
            f"a fault in riskstrat ({type(raised).__name__})",
            "a result or a sentence that says why there is none",
            f"send its log, which holds no data, to those who maintain riskstrat: {log}",
        )
    )


def _shown(file: Path) -> str:
    """Name a file of code from its package on; what comes before may hold a user's name."""
    if file.is_relative_to(_PACKAGE):
        return str(file.relative_to(_PACKAGE.parent))
    return "/".join(file.parts[-2:])


def _leave(message: str, exit_code: int) -> None:
    with suppress(OSError):
        said = printable(message, keep="\n").replace(os.path.expanduser("~"), "~")  # noqa: PTH111 - where nobody has one
        print(f"riskstrat: {said}", file=sys.stderr, flush=True)  # noqa: T201
    with suppress(OSError, ValueError, AttributeError):  # what cannot be printed must not be tried again at the end
        sys.stdout.flush()
    sys.exit(exit_code)
