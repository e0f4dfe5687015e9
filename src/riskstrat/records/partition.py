"""The frozen partition: which areas are described together, because one of them is too small to describe anybody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

import polars as pl

from riskstrat.errors import Problem, UsageError, number_of, unknown
from riskstrat.records.model import digest_of

JoinedBy = Literal["borders", "codes", "table"]
COLUMNS = ("area_id", "unit", "name")


@dataclass(frozen=True, kw_only=True, eq=False)
class Partition:
    """Which unit each area belongs to. It holds public facts only: codes, names and the rule, no count of persons.

    Attributes
    ----------
    areas
        Frame of area_id, unit and name of the unit, one row an area, sorted. An area that stands alone is its own unit;
        the others have the codes of their areas joined by ``+``, or the first code and how many more (``A+4``).
    min_people, min_expected
        The rule it was made by: fewer people of today, or fewer expected cases, describe nobody.
    condition, as_of
        For whose target population it was made, and when; None where somebody brought it.
    joined_by
        Whether areas were joined over shared ``borders``, in the order of their ``codes``, or by a ``table``; None
        where none were.
    crossing
        Units that reach over the border of a parent, because all of a parent was too small.

    Raises
    ------
    UsageError
        If a column is missing, an area has no unit or comes twice, a unit has two names or the code of an area outside;
        all of it at once.

    Examples
    --------
    >>> units = {"unit": ["A+B", "A+B", "C"], "name": ["Ek + Al", "Ek + Al", "Ask"]}
    >>> areas = pl.DataFrame({"area_id": ["A", "B", "C"], **units})
    >>> found = Partition(areas=areas, min_people=20, min_expected=4)
    >>> found, found.merged["areas"].to_list()
    (Partition(3 areas in 2 units), [['A', 'B']])
    """

    areas: pl.DataFrame
    min_people: int
    min_expected: float
    condition: str | None = None
    as_of: date | None = None
    joined_by: JoinedBy | None = None
    crossing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self.areas)
        object.__setattr__(self, "areas", self.areas.select(pl.col(COLUMNS).cast(pl.String)).sort("area_id"))

    def __repr__(self) -> str:
        return (
            f"Partition({number_of(self.areas.height, 'area')} in {number_of(self.areas['unit'].n_unique(), 'unit')})"
        )

    @classmethod
    def from_table(cls, table: pl.DataFrame, *, min_people: int = 20, min_expected: float = 4.0) -> Partition:
        """Take a table of one's own: area_id, unit and, if units have names, name.

        Examples
        --------
        >>> Partition.from_table(pl.DataFrame({"area_id": ["A", "B"], "unit": ["north", "north"]}))
        Partition(2 areas in 1 unit)
        """
        named = table if "name" in table.columns or "unit" not in table.columns else table.with_columns(name="unit")
        return cls(areas=named, min_people=min_people, min_expected=min_expected, joined_by="table")

    @property
    def merged(self) -> pl.DataFrame:
        """Units of more than one area: unit, name and areas, the list of their codes."""
        units = self.areas.group_by("unit", maintain_order=True).agg(pl.col("name").first(), areas=pl.col("area_id"))
        return units.filter(pl.col("areas").list.len() > 1)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that name the partition: areas, units, names and rule."""
        return digest_of({"partition": self.to_json()})

    def unit_of(self, areas: pl.Series) -> pl.Series:
        """Give the unit of each area, (n,); an area that is not in the partition keeps its code, a null stays null."""
        return areas.replace(self.areas["area_id"], self.areas["unit"])

    def to_json(self) -> str:
        """Write the partition as JSON, to be kept beside a study and used for later ones."""
        said = {**asdict(self), "areas": self.areas.to_dicts(), "as_of": self.as_of and self.as_of.isoformat()}
        return json.dumps(said, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Partition:
        """Read what `to_json` wrote.

        Examples
        --------
        >>> table = pl.DataFrame({"area_id": ["A", "B"], "unit": ["north", "north"]})
        >>> partition = Partition.from_table(table)
        >>> Partition.from_json(partition.to_json()).digest == partition.digest
        True
        """
        try:
            said = json.loads(text)
            said["areas"] = pl.DataFrame(said["areas"], schema=dict.fromkeys(COLUMNS, pl.String))
            said["crossing"] = tuple(said["crossing"])
            said["as_of"] = said["as_of"] and date.fromisoformat(said["as_of"])
            return cls(**said)
        except (ValueError, TypeError, KeyError, pl.exceptions.PolarsError):
            raise UsageError(
                Problem(
                    "a text that is no partition",
                    "what Partition.to_json wrote",
                    "give the file of an earlier study, or Partition.from_table with a table",
                )
            ) from None

    def problems_with(self, areas: Iterable[str]) -> list[Problem]:
        """Name the areas of registers that are not in the partition, and those of the partition that are gone."""
        there, known = set(areas), self.areas["area_id"].to_list()
        new = [
            Problem(
                f"{area} is in no unit of the partition",
                "a row of area_id and unit for every area in which somebody lives or has lived",
                f"add {area}, join codes of two versions with areas.stable_areas, or ask for a later partition",
                table="partition",
            )
            for area in sorted(there - set(known))
        ]
        gone = [unknown("area", area, sorted(there), table="partition") for area in known if area not in there]
        return [*new, *gone]


def _check(areas: pl.DataFrame) -> None:
    UsageError.refuse(
        unknown("column", name, areas.columns, table="partition") for name in COLUMNS if name not in areas.columns
    )
    twice = areas.filter(pl.col("area_id").is_duplicated())["area_id"].unique().sort()
    names = areas.group_by("unit").agg(pl.col("name").n_unique()).filter(pl.col("name") > 1)["unit"].sort()
    elsewhere = areas.filter(pl.col("area_id").is_in(areas["unit"].implode()) & (pl.col("unit") != pl.col("area_id")))
    complaints = (
        (
            sum(areas.select(COLUMNS).null_count().row(0)),
            "rows without an area, a unit or a name",
            "a value in every row",
        ),
        (len(twice), f"areas named twice: {_listed(twice)}", "every area once"),
        (
            elsewhere.height,
            f"units with the code of an area of another unit: {_listed(elsewhere['area_id'].sort())}",
            "codes that tell units and areas apart",
        ),
        (len(names), f"units with two names: {_listed(names)}", "one name a unit"),
    )
    UsageError.refuse(
        Problem(found, expected, "correct the table", table="partition")
        for wrong, found, expected in complaints
        if wrong
    )


def _listed(values: pl.Series) -> str:
    return ", ".join(str(value) for value in values)
