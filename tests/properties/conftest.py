"""Make the fixtures of `tests/small_registers.py` available here."""

from small_registers import build_registers, made_up  # noqa: F401
