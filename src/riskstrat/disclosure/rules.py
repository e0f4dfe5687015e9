"""Frozen settings that say which counts are protected, what is shown in their place and how the others are rounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Literal

import polars as pl

from riskstrat.errors import Problem, UsageError

Rounding = int | Literal["midpoint6"]
Small = Literal["withheld", "zero", "rounded"]
Protection = Literal["noise", "suppression", "none"]

FEWEST_NOISE = 4
_SMALL: tuple[Small, ...] = ("withheld", "zero", "rounded")
_PROTECTIONS: tuple[Protection, ...] = ("noise", "suppression", "none")


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """Which small numbers are protected and what is shown instead.

    Parameters
    ----------
    min_count
        The smallest count of people that may be shown: 1 to ``min_count - 1`` are protected. 1 protects nothing.
    rounding
        The base that counts are rounded to, half up (1: not rounded), or ``"midpoint6"``: 1-6 become 3, 7-12 become 9
        (``ceil(x / 6) * 6 - 3``, the OpenSAFELY rule). Every count, totals too, is rounded on its own.
    protect_zero
        Whether a count of 0 is protected like a small one. Off by default: nobody is behind a zero. Where counts carry
        noise, 0 is one of the small ones in any case.
    protect_remainder
        The 100 % rule. Where a count is part of a denominator, the people *not* counted are protected as well: the
        count is withheld when fewer than `min_count` of the denominator remain. None remaining (everybody is a case) is
        protected too, because it says of each member of the group what the count says of the group.
    small
        What stands for a protected small count: nothing (``"withheld"``, null), 0 (``"zero"``, needs `protect_zero`, or
        the derived columns would tell a true zero from a made one), or its rounded value (``"rounded"``, only where all
        protected counts round to one and the same value).
    protection
        ``"noise"``: every count carries noise that belongs to its cell (`CellNoise`). ``"suppression"``: count tables
        are exact, and so many further cells are withheld that none that must be can be computed; results about groups
        still come from counts with noise. ``"none"``: nothing is protected, for work inside only; everything written is
        marked as working material.
    noise
        Largest noise of a count, at least 4; with 6 its standard deviation is 1.4 (`CellNoise`).
    min_people
        The smallest group of people that may be described, more than twice the noise.
    min_expected
        The fewest cases that must be expected of an area, or it is described together with a neighbour.
    max_share
        A group is not shown where more than this share of it is in one sensitive category.

    Raises
    ------
    UsageError
        With every setting that cannot be used.

    Examples
    --------
    >>> print(Disclosure(min_count=10, rounding=1, protection="suppression").rule["en"])
    Counts from 1 to 9 are withheld, and so is everything computed from them. Zeros are shown. ...
    """

    min_count: int = 5
    rounding: Rounding = 5
    protect_zero: bool = False
    protect_remainder: bool = True
    small: Small = "withheld"
    protection: Protection = "noise"
    noise: int = 6
    min_people: int = 20
    min_expected: float = 4.0
    max_share: float = 0.9

    def __post_init__(self) -> None:
        UsageError.refuse(_problems(self))

    @property
    def is_working_material(self) -> bool:
        """Whether nothing is protected, so that it must not leave."""
        return self.protection == "none"

    @property
    def mark(self) -> str:
        """What names of files begin with: ``arbetsmaterial_`` where nothing is protected, else nothing."""
        return "arbetsmaterial_" if self.is_working_material else ""

    @property
    def input_width(self) -> int:
        """Largest noise of the counts that results about groups are computed from."""
        return 0 if self.is_working_material else self.noise

    @property
    def table_width(self) -> int:
        """Largest noise of the counts in tables."""
        return self.noise if self.protection == "noise" else 0

    @property
    def rule(self) -> Mapping[str, str]:
        """The rule as sentences for the reader of a released table, by language (``en``, ``sv``)."""
        return MappingProxyType({language: _sentence(self, language) for language in ("en", "sv")})

    def protects(self, count: pl.Expr, fewest: int = 1) -> pl.Expr:
        """Whether a count of people is too small to be shown, where `fewest` are needed; null where the count is null.

        With noise 0 is one class with the smallest counts. For work inside, what nobody may see is not asked for: the
        rule's own smallest count decides alone.
        """
        least = self.min_count if self.is_working_material else max(self.min_count, fewest)
        zero_too = self.protect_zero or (self.table_width > 0 and least > 1)
        return count.is_between(0 if zero_too else 1, least - 1)

    def protects_remainder(self, count: pl.Expr, denominator: pl.Expr) -> pl.Expr:
        """Whether too few of a denominator (possibly nobody) remain beside the count; null where either is null."""
        if not self.protect_remainder:
            return pl.lit(value=False)
        return (denominator > 0) & (denominator - count < self.min_count) & (self.min_count > 1)

    def rounded(self, count: pl.Expr) -> pl.Expr:
        """Round whole, non-negative counts by the rule; 0 stays 0."""
        if self.rounding == "midpoint6":
            return pl.when(count > 0).then((count + 5) // 6 * 6 - 3).otherwise(count)
        return (count + self.rounding // 2) // self.rounding * self.rounding

    def in_place_of_small(self, count: pl.Expr) -> pl.Expr:
        """Return what is shown where `protects` holds."""
        nothing = pl.lit(None, dtype=pl.Int64)
        shown: Mapping[Small, pl.Expr] = {"withheld": nothing, "zero": pl.lit(0), "rounded": self.rounded(count)}
        return shown[self.small]


def _problems(rule: Disclosure) -> list[Problem]:
    wrong = {
        "min_count": (not _is_whole(rule.min_count, 1), "a whole number of at least 1", "5 is usual"),
        "rounding": (
            rule.rounding != "midpoint6" and not _is_whole(rule.rounding, 1),
            "a whole base of at least 1, or 'midpoint6'",
            "5 is usual",
        ),
        "small": (rule.small not in _SMALL, f"one of {', '.join(_SMALL)}", "'withheld' is usual"),
        "protection": (rule.protection not in _PROTECTIONS, f"one of {', '.join(_PROTECTIONS)}", "'noise' is usual"),
        "noise": (not _is_whole(rule.noise, FEWEST_NOISE), f"a whole number of at least {FEWEST_NOISE}", "6 is usual"),
        "min_people": (not _is_whole(rule.min_people, 1), "a whole number of at least 1", "20 is usual"),
        "min_expected": (not 0 <= rule.min_expected < inf, "a number of at least 0", "6 is usual"),
        "max_share": (not 0 < rule.max_share <= 1, "a share above 0 and at most 1", "0.9 is usual"),
    }
    found = [_problem(name, getattr(rule, name), *said) for name, (is_wrong, *said) in wrong.items() if is_wrong]
    return found or _contradictions(rule)


def _contradictions(rule: Disclosure) -> list[Problem]:
    if not rule.is_working_material and rule.min_people <= 2 * rule.noise:
        expected, why = f"more than {2 * rule.noise}, twice the noise", "otherwise nobody could look like a group"
        return [_problem("min_people", rule.min_people, expected, why)]
    if rule.small == "zero" and not rule.protect_zero:
        return [
            _problem(
                "small", "zero", "protect_zero=True beside it", "otherwise what is derived gives the small ones away"
            )
        ]
    if rule.small == "rounded" and _images_of_small(rule) > 1:
        return [
            _problem(
                "small", "rounded", "a rounding that makes all protected counts equal", "use midpoint6, or withhold"
            )
        ]
    return []


def _images_of_small(rule: Disclosure) -> int:
    lowest = 0 if rule.protect_zero else 1
    small = pl.select(pl.int_range(lowest, rule.min_count, dtype=pl.Int64).alias("count"))
    return small.select(rule.rounded(pl.col("count"))).n_unique()


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _problem(setting: str, value: object, expected: str, remedy: str) -> Problem:
    return Problem(f"{setting}={value!r}", expected, remedy, table="disclosure", column=setting)


_SENTENCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "withheld": "Counts from {lowest} to {highest} are withheld, and so is everything computed from them.",
            "zero": "Counts of {highest} or fewer are shown as 0, and what is computed from them is withheld.",
            "rounded": "Counts from {lowest} to {highest} are shown as one value, and what is computed from them "
            "is withheld.",
            "zeros": "Zeros are shown.",
            "remainder": "Where all of a group, or all but fewer than {min_count}, are counted, that is withheld too.",
            "base": "Counts are rounded to the nearest {rounding}, totals on their own, so parts need not add up.",
            "midpoint6": "Counts are rounded to the middle of 1-6, 7-12 and so on, totals on their own, "
            "so parts need not add up.",
            "noise": "Every count was changed at random, mostly by at most {usual} and never by more than {noise} "
            "persons; totals of areas have the changes of all their areas, and what divides these totals its share of "
            "them, so sums need not be exact; the same people have the same change whenever they are counted.",
            "open": "No small counts are protected.",
        },
        "sv": {
            "withheld": "Antal från {lowest} till {highest} visas inte, och inte heller det som räknats fram ur dem.",
            "zero": "Antal på högst {highest} visas som 0, och det som räknats fram ur dem visas inte.",
            "rounded": "Antal från {lowest} till {highest} visas som ett och samma värde, "
            "och det som räknats fram ur dem visas inte.",
            "zeros": "Nollor visas.",
            "remainder": "Antal som omfattar alla i en grupp, eller alla utom färre än {min_count}, visas inte heller.",
            "base": "Varje antal, även totaler, är avrundat för sig till närmaste {rounding}-tal, "
            "så delarna behöver inte summera till totalen.",
            "midpoint6": "Varje antal, även totaler, är avrundat för sig till mitten av 1–6, 7–12 och så vidare, "
            "så delarna behöver inte summera till totalen.",
            "noise": "Varje antal har ändrats slumpmässigt, oftast med högst {usual} och aldrig med mer än {noise}; "
            "totaler av områden har alla områdens ändringar tillsammans, och det som delar upp totalerna sin andel "
            "av dem, så summor behöver inte stämma exakt; samma personer ger samma ändring varje gång de räknas.",
            "open": "Små antal är inte skyddade.",
        },
    }
)


def _sentence(rule: Disclosure, language: str) -> str:
    words = _SENTENCES[language]
    values = {
        "lowest": 0 if rule.protect_zero or rule.table_width else 1,
        "noise": rule.table_width,
        "usual": rule.table_width // 3,
        "highest": rule.min_count - 1,
        "min_count": rule.min_count,
        "rounding": rule.rounding,
    }
    return " ".join(words[key].format(**values) for key in _clauses(rule))


def _clauses(rule: Disclosure) -> list[str]:
    protects = rule.min_count > 1
    present = {
        rule.small: protects,
        "open": not protects and not rule.table_width,
        "zeros": protects and not rule.protect_zero and not rule.table_width,
        "remainder": protects and rule.protect_remainder,
        "noise": rule.table_width > 0,
        "midpoint6": rule.rounding == "midpoint6",
        "base": rule.rounding not in {1, "midpoint6"},
    }
    return [clause for clause, said in present.items() if said]


PRESETS: Mapping[str, Disclosure] = MappingProxyType(
    {
        "standard": Disclosure(),
        "strict": Disclosure(min_count=10),
        "ehrql": Disclosure(min_count=8, rounding=5, protect_zero=True, protect_remainder=False, small="zero"),
        "midpoint6": Disclosure(min_count=7, rounding="midpoint6", protect_remainder=False, small="rounded"),
        "none": Disclosure(min_count=1, rounding=1, protection="none", min_people=1, min_expected=0.0, max_share=1.0),
    }
)
"""Settings by name.

``standard``: below 5 withheld, rounded to 5. ``strict``: below 10 withheld, rounded to 5. ``ehrql``: 7 or fewer shown
as 0, the others rounded to 5 (opensafely-core/ehrql, measures). ``midpoint6``: 1-6 become 3, 7-12 become 9. ``none``:
working material, nothing protected.
"""
