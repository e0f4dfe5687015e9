"""Make the condition files beside the tests, and what all tests share, importable by name."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
