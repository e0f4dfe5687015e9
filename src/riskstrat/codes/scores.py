"""Morbidity scores as declarations: groups of codes with points in, a person's sum of points out.

A score is data: the codes of each item, its points, and which items replace which. Only `Score.corrections` knows how
items affect each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

import polars as pl

from riskstrat.codes.datafiles import read_declarations
from riskstrat.codes.expression import CodeExpression, bare, parse
from riskstrat.codes.versions import UNDATED, codes_by_system
from riskstrat.errors import UsageError, unknown

ScoreName = Literal["charlson", "charlson_2011", "charlson_se", "elixhauser", "elixhauser_swiss", "hfrs"]
"""The scores that ship, each a file of declarations; `scores` lists them."""

DECIMALS = 6
"""Points are rounded to these: hides the noise of adding tenths in binary, and the order in which they were added."""


@dataclass(frozen=True, kw_only=True)
class ScoreItem:
    """One item of a score: the codes that count as having it, and its points.

    Parameters
    ----------
    name, title_en
        What it is called.
    points
        What it adds, once.
    codes
        Its codes in the score's own classification.
    earlier
        Its codes in earlier versions of the classification, by code system.
    present_with
        Items that together stand for this one, even where no code of its own is recorded.
    replaced_by
        The graver item beside which this one does not count; empty if there is none.

    Examples
    --------
    >>> item = score("hfrs").items[0]
    >>> item.name, item.points, str(item.codes)
    ('F00', 7.1, 'F00')
    """

    name: str
    title_en: str
    points: float
    codes: CodeExpression
    earlier: Mapping[str, CodeExpression] = field(default_factory=dict)
    present_with: tuple[str, ...] = ()
    replaced_by: str = ""

    def codes_in(self, system: str, own: str) -> CodeExpression | None:
        """Give its codes in a code system, `own` being the score's; None if it has none there."""
        return self.codes if system == own else self.earlier.get(system)


@dataclass(frozen=True, kw_only=True)
class Score:
    """A published score.

    Parameters
    ----------
    name
        As declared, such as ``hfrs``.
    title_en, title_sv, source, status
        What it is called, where it was published, and whether the items were verified against the publication.
    code_system
        The classification that the codes belong to; they match by prefix.
    items
        What is counted, each once however often it is recorded.

    Examples
    --------
    >>> score("charlson_se").has_versions, score("hfrs").has_versions
    (True, False)
    """

    name: str
    title_en: str
    title_sv: str
    code_system: str
    source: str
    status: str
    items: tuple[ScoreItem, ...]

    @property
    def has_versions(self) -> bool:
        """Whether codes of earlier versions of the classification count too, so that it matters when they were used."""
        return any(item.earlier for item in self.items)

    def pairs(self, codes: Iterable[str | None], era: int = UNDATED) -> list[tuple[str, int]]:
        """Match the distinct codes of a table with the items that they belong to.

        Parameters
        ----------
        codes
            As the table writes them; nulls are skipped.
        era
            For scores with earlier versions: when the codes were recorded, see `versions.era`; by default the version
            is told by how a code looks.

        Returns
        -------
        list of (code, item number)
            A code may belong to several items. Sorted.

        Examples
        --------
        >>> [(code, score("hfrs").items[item].name) for code, item in score("hfrs").pairs(["F00.1", "I109", "W199"])]
        [('F00.1', 'F00'), ('W199', 'W19')]
        >>> swedish = score("charlson_se")
        >>> [(code, swedish.items[item].name) for code, item in swedish.pairs(["I21.9", "410A", "412,01", "411B"])]
        [('410A', 'mi'), ('412,01', 'mi'), ('I21.9', 'mi')]
        """
        return sorted(
            {
                (code, number)
                for system, written in self._by_system(codes, era).items()
                for number, item in enumerate(self.items)
                if (item_codes := item.codes_in(system, self.code_system))
                for code in item_codes.matching(written, prefix=True)
            }
        )

    def points_of(self, item: pl.Expr) -> pl.Expr:
        """Give the points of each row's item, from its number."""
        points = pl.Series([one.points for one in self.items], dtype=pl.Float64)
        return pl.lit(points).gather(item)

    def corrections(self, item: pl.Expr) -> tuple[pl.Expr, ...]:
        """Give aggregates to add to the sum of points for items that replace or imply each other: none in most scores.

        `item` has the numbers of the items that a group of rows holds, in any order and number.
        """
        return tuple(
            (self._counts(one, item).cast(pl.Int8) - self._recorded(one.name, item).cast(pl.Int8)) * one.points
            for one in self.items
            if one.replaced_by or one.present_with
        )

    def _by_system(self, codes: Iterable[str | None], era: int) -> dict[str, list[str]]:
        written: dict[str, list[str]] = {}
        for code in set(codes) - {None}:
            written.setdefault(bare(str(code)), []).append(str(code))
        if not self.has_versions:
            return {self.code_system: [code for spellings in written.values() for code in spellings]}
        return {
            system: [code for form in forms for code in written[form]]
            for system, forms in codes_by_system(written, era).items()
        }

    def _recorded(self, name: str, item: pl.Expr) -> pl.Expr:
        return (item == self._numbers[name]).any()

    def _present(self, one: ScoreItem, item: pl.Expr) -> pl.Expr:
        own = self._recorded(one.name, item)
        if not one.present_with:
            return own
        return own | pl.all_horizontal(self._recorded(name, item) for name in one.present_with)

    def _counts(self, one: ScoreItem, item: pl.Expr) -> pl.Expr:
        present = self._present(one, item)
        if not one.replaced_by:
            return present
        return present & ~self._present(self.items[self._numbers[one.replaced_by]], item)

    @property
    def _numbers(self) -> dict[str, int]:
        return {item.name: number for number, item in enumerate(self.items)}


@cache
def score(name: str) -> Score:
    """Look up a score by its name.

    Parameters
    ----------
    name
        Such as ``"hfrs"``, see `scores`.

    Returns
    -------
    Score
        The declared score.

    Raises
    ------
    UsageError
        If there is no such score.

    Examples
    --------
    >>> len(score("hfrs").items)
    109
    >>> score("charlson_2011").items[0].points
    0
    """
    if name not in scores():
        raise UsageError(unknown("score", name, scores()))
    declared: dict[str, Any] = dict(read_declarations(f"scores/{name}.toml"))
    if "like" in declared:  # the items of another score, with points of its own
        like, points = score(declared.pop("like")), declared.pop("points")
        items = tuple(replace(item, points=points[item.name]) for item in like.items)
        return replace(like, name=name, items=items, **declared)
    return Score(name=name, items=tuple(_item(**item) for item in declared.pop("items")), **declared)


def scores() -> tuple[str, ...]:
    """Names of the scores that ship.

    Returns
    -------
    tuple of str
        In alphabetical order.

    Examples
    --------
    >>> scores()
    ('charlson', 'charlson_2011', 'charlson_se', 'elixhauser', 'elixhauser_swiss', 'hfrs')
    """
    return get_args(ScoreName)


def _item(
    *,
    codes: str,
    earlier: Mapping[str, str] = MappingProxyType({}),
    present_with: Iterable[str] = (),
    **fields: Any,  # noqa: ANN401 - what the data file says of an item, checked by the dataclass
) -> ScoreItem:
    versions = {system: parse(written) for system, written in earlier.items()}
    return ScoreItem(codes=parse(codes), earlier=versions, present_with=tuple(present_with), **fields)
