"""The controller's secret, which decides the noise of every cell: a file that only its owner can read.

In: a path, or where the user keeps settings. Out: bytes; they are never shown, written elsewhere or logged.
"""

from __future__ import annotations

import logging
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from riskstrat.errors import Problem, UsageError, number_of

SECRET_FILE_VARIABLE = "RISKSTRAT_SECRET_FILE"  # noqa: S105 - the name of the variable, not a secret
SHORTEST_SECRET = 16
_LOG = logging.getLogger(__name__)


def protection_secret() -> bytes:
    """Read the secret that protects what is published, and make one at the first use.

    It lies in the file that the environment variable ``RISKSTRAT_SECRET_FILE`` names, else in ``riskstrat/secret``
    below the user's folder for settings (``XDG_CONFIG_HOME``, or ``~/.config``), where one is made if there is none.
    All who publish results of the same registers should use the same file, and keep it: with another secret the same
    counts get other noise.

    Returns
    -------
    bytes
        At least 16.

    Raises
    ------
    UsageError
        If the file is not there, is open to others than its owner, is too short, or cannot be made.
    """
    named = os.environ.get(SECRET_FILE_VARIABLE)
    if named:
        return read_secret(Path(named))
    path = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "riskstrat" / "secret"
    if not path.exists():
        _make(path)
    return read_secret(path)


def read_secret(path: Path) -> bytes:
    """Read a secret from a file that only its owner can read; a `UsageError` where it cannot be one."""
    refuse_open_to_others(path)
    found = path.read_bytes().strip()
    if len(found) < SHORTEST_SECRET:
        raise UsageError(too_short(len(found), "in a file"))
    return found


def too_short(length: int, where: str) -> Problem:
    """Say that a secret is too short, and how one is made."""
    return Problem(
        f"a secret of {number_of(length, 'byte')}",
        f"at least {SHORTEST_SECRET}, {where}",
        "make one with: python -c 'import secrets; print(secrets.token_hex(32))', kept in a file",
    )


def refuse_open_to_others(path: Path) -> None:
    """Refuse a file that is not there, or that others can read or write (where the system has such rights)."""
    if not path.is_file():
        raise UsageError(Problem(f"no file {path.name}", "a file", "correct the path"))
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        found, expected = f"{path.name} is open to others than its owner", "a file that only its owner can read"
        raise UsageError(Problem(found, expected, f"chmod 600 {path.name}"))


def _make(path: Path) -> None:
    """Make a secret; of two programs that do so at once, one wins and both read the same."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)
        finished = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(finished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            path.hardlink_to(finished)
        finished.unlink()
    except (OSError, RuntimeError) as error:
        raise UsageError(
            Problem(
                f"no secret, and none could be made ({type(error).__name__})",
                "a file with the secret that protects what is published",
                f"make one and name it in the environment variable {SECRET_FILE_VARIABLE} (docs/privacy.md)",
            )
        ) from error
    _LOG.warning("made the secret that protects what is published in %s; keep it: docs/privacy.md", path)
