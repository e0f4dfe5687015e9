"""Make the fixtures of `tests/town.py` available here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from town import made_up, town  # noqa: F401
