"""The command ``riskstrat``, ``python -m riskstrat`` too: settings that libraries read as they load, then the command.

Settings of the user stay as they are.
"""

from __future__ import annotations

import gc
import os
from importlib.resources import files
from typing import Final

ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:10000,muzzy_decay_ms:10000",
    "FONTCONFIG_FILE": str(files("riskstrat") / "figures" / "fonts.conf"),
}
"""Matrices here are small: where cores are shared, threads that wait for each other cost six times the work itself.

Polars (jemalloc) keeps what it has freed for ten seconds: thousands of small frames would be asked for anew each time.
A font of the system would be opened for each letter that is measured, the one that vl-convert brings is not.
"""

_NEW_OBJECTS: Final = 10_000
"""So many are made before Python looks for those that refer to each other: libraries make a million as they load."""


def prepare() -> None:
    """Make the settings, before the libraries are loaded."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(_NEW_OBJECTS)


def main() -> None:
    """Run the command and leave with the exit code of what happened."""
    prepare()
    from riskstrat.cli import main as command

    command()


if __name__ == "__main__":
    main()
