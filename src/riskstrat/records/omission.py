"""A part of the results that is missing, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from riskstrat.declare import LocalisedText

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class Omission:
    """A part that could not be computed, as the results call it, and why, in words for the reader of a report.

    The reason is never about a single person.
    """

    part: str
    reason: LocalisedText


def unless_omitted(value: Part | Omission) -> Part | None:
    """Return the part itself, or None where an `Omission` stands in its place."""
    return None if isinstance(value, Omission) else value


def too_few_people(part: str, by: LocalisedText) -> Omission:
    """Say that nothing is told by what divides people into groups that are too small."""
    return Omission(
        part=part,
        reason=LocalisedText(
            en=f"Nothing is told by {by.en}: fewer than two groups have people enough.",
            sv=f"Inget redovisas per {by.sv}: färre än två grupper har tillräckligt många personer.",
        ),
    )
