"""Features without a look-back: of the register of persons, and of the area of residence."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import field
from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, LocalisedText
from riskstrat.declare.durations import DAYS_PER_YEAR
from riskstrat.declare.features.base import Family, Feature, RelativeFeature, column_name

YES_NO = LocalisedText(en="1 yes, 0 no", sv="1 ja, 0 nej")
_YEARS = LocalisedText(en="years", sv="år")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class PersonFeature(RelativeFeature):
    """A feature read from the register of persons alone; a new kind defines `person_value`.

    Examples
    --------
    >>> issubclass(Sex, PersonFeature)
    True
    """

    @abstractmethod
    def person_value(self) -> pl.Expr:
        """Compute the value from birth_date, sex, birth_region (null where not known) and index_date."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Age(PersonFeature):
    """Age at the index date, with decimals: days since birth / 365.25.

    Examples
    --------
    >>> Age().column, Age(relative="mother").column
    ('age_years', 'mother_age_years')
    """

    family: Family = "age_sex"

    unit: ClassVar[LocalisedText] = _YEARS
    meaning_sv: ClassVar[str] = "Ålder på indexdatum, med decimaler: dagar sedan födelsen / 365,25."

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return column_name(self.relative, "age_years")

    def person_value(self) -> pl.Expr:
        """Count the days since birth, in years of 365.25 days."""
        return (pl.col("index_date") - pl.col("birth_date")).dt.total_days() / DAYS_PER_YEAR


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Sex(PersonFeature):
    """1 for male, 0 for female.

    Examples
    --------
    >>> Sex().column
    'sex_male'
    """

    family: Family = "age_sex"

    unit: ClassVar[LocalisedText] = LocalisedText(en="1 male, 0 female", sv="1 man, 0 kvinna")
    meaning_sv: ClassVar[str] = "1 för man, 0 för kvinna."

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return column_name(self.relative, "sex_male")

    def person_value(self) -> pl.Expr:
        """Compare the recorded sex."""
        return pl.col("sex") == "male"


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class BirthRegion(PersonFeature):
    """1 for people born in one of the regions, 0 for others; null where the region is not known.

    Parameters
    ----------
    regions
        Values of birth_region in the register of persons.

    Examples
    --------
    >>> BirthRegion(regions=("asia", "africa"), relative="mother").column
    'mother_born_in_asia_africa'
    """

    regions: Annotated[tuple[str, ...], Field(min_length=1)]
    family: Family = "living_conditions"

    unit: ClassVar[LocalisedText] = YES_NO
    meaning_sv: ClassVar[str] = (
        "1 för personer födda i någon av regionerna, 0 för andra; tomt där regionen inte är känd."
    )

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return column_name(self.relative, "born_in", *self.regions)

    def person_value(self) -> pl.Expr:
        """Compare the recorded region."""
        return pl.col("birth_region").is_in(self.regions)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AreaFact(Feature):
    """Latest known fact about the area of residence the day before the index; null where there is none.

    Parameters
    ----------
    code
        The code of the fact in the table ``area_facts``.

    Examples
    --------
    >>> AreaFact("care_need_index").column
    'area_care_need_index'
    """

    code: str = field(kw_only=False)
    family: Family = "area"

    meaning_sv: ClassVar[str] = "Senast kända uppgift om bostadsområdet dagen före indexdatum; tomt där ingen finns."

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return f"area_{self.code}"
