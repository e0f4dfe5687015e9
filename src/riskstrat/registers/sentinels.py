"""Dates by which source systems say "unknown" or "never"."""

from __future__ import annotations

from datetime import date

SENTINELS = (date(1800, 1, 1), date(1900, 1, 1), date(9999, 12, 31))
"""A row of events on such a day is rejected; a person, death or residence on one stops the opening of registers."""
