"""Numbers as a reader of Swedish or English writes them, with no more digits than the uncertainty carries.

Spaces inside them never break, so that a number stays on one line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Language = Literal["sv", "en"]

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
MILLION = 1_000_000
MOST_DECIMALS = 2
_A_PER_CENT = 0.01
_BASES = (100, 1000, 10_000)
_STEPS_OF_AN_INTERVAL = 6
"""An interval spans at least this many of the steps that its number is rounded to."""

_MARKS = MappingProxyType({"sv": (",", SPACE, f"{SPACE}%"), "en": (".", ",", "%")})
_TO = MappingProxyType({"sv": "till", "en": "to"})
_KRONOR = MappingProxyType(
    {"sv": ("miljon kronor", "miljoner kronor", "kronor"), "en": ("million SEK", "million SEK", "SEK")}
)


@dataclass(frozen=True)
class Numbers:
    r"""How numbers are written in a language.

    Parameters
    ----------
    language
        ``"sv"`` or ``"en"``.

    Examples
    --------
    >>> Numbers("sv").number(-1234.56, 1)
    '−1\xa0234,6'
    >>> Numbers("sv").interval(39.2, 27.3, 54.4)
    '39 (27–54)'
    >>> Numbers("en").percent(0.124, 0.108, 0.142)
    '12.4% (10.8–14.2)'
    """

    language: Language

    def number(self, value: float, decimals: int = 0) -> str:
        """Write a number; negative decimals round to tens, hundreds and so on."""
        decimal, thousands, _ = _MARKS[self.language]
        rounded = round(value, decimals) + 0.0
        digits = f"{abs(rounded):,.{max(decimals, 0)}f}"
        written = digits.translate({ord(","): thousands, ord("."): decimal})
        return f"{MINUS}{written}" if rounded < 0 else written

    def signed(self, value: float, decimals: int = 0) -> str:
        """Write a number with its sign, also where it is positive."""
        written = self.number(value, decimals)
        return f"+{written}" if round(value, decimals) > 0 else written

    def interval(
        self, value: float, lower: float | None, upper: float | None, most_decimals: int = MOST_DECIMALS
    ) -> str:
        """Write a number and its interval in brackets, rounded to what the interval's width carries."""
        decimals = min(decimals_carried(value, lower, upper), most_decimals)
        return self.bounded(value, lower, upper, decimals)

    def whole(self, value: float, lower: float | None, upper: float | None) -> str:
        """Write a number of people and its interval: never with decimals."""
        decimals = min(0, decimals_carried(value, lower, upper))
        return self.bounded(value, lower, upper, decimals)

    def among_persons(self, share: float, lower: float | None, upper: float | None) -> tuple[str, str]:
        r"""Write a share as so many persons, with the interval, of a hundred, a thousand or ten thousand.

        It is the first of these where they are two or more, and the bounds are other whole numbers than theirs.

        Examples
        --------
        >>> Numbers("en").among_persons(0.172, 0.168, 0.177)
        ('1,000', '172 (168–177)')
        """
        base = next((n for n in _BASES if _tells_apart(n, share, lower, upper)), _BASES[-1])
        low, high = (None if bound is None else base * bound for bound in (lower, upper))
        return self.number(base), self.whole(base * share, low, high)

    def percent(
        self, share: float, lower: float | None = None, upper: float | None = None, least_decimals: int = 0
    ) -> str:
        """Write a share in [0, 1] as per cent, with its interval where there is one."""
        low, high = (None if bound is None else 100 * bound for bound in (lower, upper))
        most = 1 if abs(share) >= _A_PER_CENT else MOST_DECIMALS
        decimals = min(max(decimals_carried(100 * share, low, high), least_decimals), most)
        return self.bounded(100 * share, low, high, decimals, _MARKS[self.language][2])

    def declared(self, value: float, most_decimals: int = 6) -> str:
        """Write a number that was declared with the decimals that it has."""
        return self.number(value, min(decimals_declared(value), most_decimals))

    def declared_percent(self, share: float) -> str:
        r"""Write a share in [0, 1] that was declared, as per cent with at most two decimals.

        Examples
        --------
        >>> Numbers("sv").declared_percent(0.125), Numbers("en").declared_percent(0.07)
        ('12,5\xa0%', '7%')
        """
        return f"{self.declared(100 * share, MOST_DECIMALS)}{_MARKS[self.language][2]}"

    def whole_percent(self, share: float) -> str:
        """Write a share in [0, 1] in whole per cent."""
        return f"{self.number(100 * share)}{_MARKS[self.language][2]}"

    def sek(self, amount: float) -> str:
        r"""Write an amount of money: millions with one decimal, smaller amounts in whole kronor of two digits or more.

        Examples
        --------
        >>> Numbers("sv").sek(2_000_000), Numbers("en").sek(12_500)
        ('2\xa0miljoner kronor', '12,500\xa0SEK')
        """
        one, many, small = _KRONOR[self.language]
        if abs(amount) < MILLION:
            return f"{self.number(amount, -_thousands(amount))}{SPACE}{small}"
        millions = round(amount / MILLION, 1)
        decimals = 0 if millions == int(millions) else 1
        return f"{self.number(millions, decimals)}{SPACE}{one if abs(millions) == 1 else many}"

    def sek_interval(self, value: float, lower: float | None, upper: float | None) -> str:
        r"""Write an amount of money and its interval, in millions from one million on, else in whole kronor.

        Examples
        --------
        >>> Numbers("en").sek_interval(1_430_000, 800_000, 3_900_000)
        '1.4 (0.8–3.9)\xa0million SEK'
        """
        _, many, small = _KRONOR[self.language]
        unit, name = (MILLION, many) if abs(value) >= MILLION else (1, small)
        low, high = (None if bound is None else bound / unit for bound in (lower, upper))
        return f"{self.interval(value / unit, low, high, most_decimals=1)}{SPACE}{name}"

    def range(self, lower: str, upper: str) -> str:
        """Join two written numbers; a dash after a minus sign would be hard to read."""
        if MINUS in lower + upper:
            return f"{lower} {_TO[self.language]} {upper}"
        return f"{lower}{DASH}{upper}"

    def bounded(self, value: float, lower: float | None, upper: float | None, decimals: int, unit: str = "") -> str:
        """Write a number with its unit and its interval in brackets, all with so many decimals."""
        written = f"{self.number(value, decimals)}{unit}"
        if lower is None or upper is None:
            return written
        return f"{written} ({self.range(self.number(lower, decimals), self.number(upper, decimals))})"


def _tells_apart(base: int, share: float, lower: float | None, upper: float | None) -> bool:
    number, *bounds = (round(base * each) for each in (share, lower, upper) if each is not None)
    return base * share >= 2 and number not in bounds


def decimals_declared(value: float) -> int:
    """How many decimals a number was written with, at most six.

    Examples
    --------
    >>> decimals_declared(0.25), decimals_declared(1_234_567.0)
    (2, 0)
    """
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])


def decimals_carried(value: float, lower: float | None, upper: float | None) -> int:
    """How many decimals a number may have: its interval spans at least six of the last digit's steps.

    Without an interval the number gets two significant digits.
    """
    if lower is None or upper is None:
        return 1 - math.floor(math.log10(abs(value))) if value else 0
    width = upper - lower
    if not (math.isfinite(width) and width > 0):
        return 1
    return -math.floor(math.log10(width / _STEPS_OF_AN_INTERVAL))


def _thousands(amount: float) -> int:
    """Round kronor to thousands from a hundred thousand on, to hundreds from ten thousand on."""
    magnitude = math.floor(math.log10(abs(amount))) if amount else 0
    return min(3, max(0, magnitude - 2))
