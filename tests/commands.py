"""The command line, called in this process: as from a terminal, but without a second interpreter to start."""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from riskstrat.cli import main


@dataclass(frozen=True)
class Finished:
    """What a command said, and the exit code it ended with."""

    returncode: int
    stdout: str
    stderr: str


def riskstrat(*arguments: str | Path, environment: dict[str, str] | None = None) -> Finished:
    """Run ``riskstrat ARGUMENTS``; an exception that is no exit fails the test, as a traceback would."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["riskstrat", *map(str, arguments)]),
        patch.dict(os.environ, environment or {}),
        redirect_stdout(said),
        redirect_stderr(complained),
    ):
        return Finished(_exit_code(), said.getvalue(), complained.getvalue())


def _exit_code() -> int:
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    return 0
