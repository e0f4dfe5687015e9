"""Risks with their intervals below each other on one axis, as a small drawing that needs no library.

In: rows of name, value and limits. Out: SVG, and the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from riskstrat.figures import Numbers

_WIDTH, _LEFT, _ROW, _TOP, _WRITTEN = 360, 6, 44, 4, 165
_OWN, _OTHER, _LONGEST = "#1f4e79", "#767676", 46


@dataclass(frozen=True)
class StripRow:
    """A share with its limits, where there are any."""

    name: str
    value: float
    lower: float | None = None
    upper: float | None = None
    is_own: bool = False


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Rows on one axis that begins at nothing.

    Examples
    --------
    >>> strip = Strip(rows=(StripRow("Norr", 0.1, 0.05, 0.2),), numbers=Numbers("en"), lead="Risk beside others.")
    >>> strip.sentence
    'Risk beside others. Norr: 10% (5–20).'
    """

    rows: tuple[StripRow, ...]
    numbers: Numbers
    lead: str

    @property
    def sentence(self) -> str:
        """The drawing in words."""
        told = [f"{row.name}: {self._written(row)}." for row in self.rows]
        return " ".join([self.lead, *told])

    @property
    def svg(self) -> str:
        """The drawing; its words stand beside it."""
        highest = max((row.upper or row.value for row in self.rows), default=0.0) or 1.0
        scale = (_WIDTH - _LEFT - _WRITTEN) / highest
        drawn = "".join(self._row(row, _TOP + _ROW * n, scale) for n, row in enumerate(self.rows))
        height = 2 * _TOP + _ROW * len(self.rows)
        axis = f'<line x1="{_LEFT}" x2="{_LEFT}" y1="{_TOP + 18}" y2="{height}" stroke="#d9d9d9"/>'
        return f'<svg viewBox="0 0 {_WIDTH} {height}" font-size="14" aria-hidden="true">{axis}{drawn}</svg>'

    def _row(self, row: StripRow, y: float, scale: float) -> str:
        colour, weight = (_OWN, "700") if row.is_own else (_OTHER, "400")
        lower, upper = (row.value if bound is None else bound for bound in (row.lower, row.upper))
        name = row.name if len(row.name) <= _LONGEST else f"{row.name[: _LONGEST - 1]}…"
        low, high, middle = (f"{_LEFT + scale * share:.1f}" for share in (lower, upper, row.value))
        return (
            f'<text x="{_LEFT + 5}" y="{y + 14}" font-weight="{weight}">{escape(name)}</text>'
            f'<line x1="{low}" x2="{high}" y1="{y + 28}" y2="{y + 28}" stroke="{colour}" stroke-width="3"/>'
            f'<circle cx="{middle}" cy="{y + 28}" r="5" fill="{colour}"/>'
            f'<text x="{float(high) + 12:.1f}" y="{y + 33}" font-weight="{weight}">{escape(self._written(row))}</text>'
        )

    def _written(self, row: StripRow) -> str:
        return self.numbers.percent(row.value, row.lower, row.upper)
