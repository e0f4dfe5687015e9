"""Make the tables and deliveries of `tests/` available here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
