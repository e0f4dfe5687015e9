"""Make the fixtures of `tests/town.py` available here."""

from town import made_up, town  # noqa: F401
