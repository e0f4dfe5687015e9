"""A part of the results that is missing, and why.

In: what a step could not compute. Out: a frozen value that stands where the part would stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from riskstrat.declare import LocalisedText

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class Omission:
    """A part that could not be computed.

    Attributes
    ----------
    part
        Name of the missing part, as the results call it: ``areas``, ``plan``, ``inequality`` or ``strata_plan``, say.
    reason
        Why it is missing, in words for the reader of a report; never about a single person.

    Examples
    --------
    >>> from riskstrat.declare import LocalisedText
    >>> reason = LocalisedText(en="The registers hold no index of deprivation.", sv="Registren saknar socialt index.")
    >>> Omission(part="inequality", reason=reason).reason.en
    'The registers hold no index of deprivation.'
    """

    part: str
    reason: LocalisedText


def unless_omitted(value: Part | Omission) -> Part | None:
    """Return the part itself, or None where an `Omission` stands in its place.

    Parameters
    ----------
    value
        A part of the results, or why it is missing.

    Examples
    --------
    >>> unless_omitted(3)
    3
    """
    return None if isinstance(value, Omission) else value
