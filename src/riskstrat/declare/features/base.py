"""What all features have: a column, a unit, a line of explanation, and the subject whose past it is about.

In: declarations. Out: names, texts and the expression that combines the values of siblings.
"""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Literal

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText

Family = Literal["age_sex", "living_conditions", "health_care", "growth_family", "area"]
Relative = Literal["mother", "father", "sibling", "all_siblings"]
"""``"sibling"`` is any sibling, ``"all_siblings"`` all of them."""
Subject = Literal["mother", "father", "sibling"]
"""Whose rows are read."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Feature(Declaration, ABC):
    """Base class of all features.

    Parameters
    ----------
    label
        What a planner reads in a chart; made from the declaration where it is not given.
    family
        The factor family under which contributions are added up.

    Examples
    --------
    >>> from riskstrat.declare import AreaFact
    >>> feature = AreaFact("care_need_index")
    >>> feature.column, feature.family
    ('area_care_need_index', 'area')
    """

    family: Family = "health_care"
    label: LocalisedText | None = None

    unit: ClassVar[LocalisedText] = LocalisedText(en="unit of the value", sv="värdets enhet")
    """Unit of the column's values."""
    meaning_sv: ClassVar[str] = ""
    """What the kind measures, in a line of Swedish; the first line of its documentation says it in English."""

    @property
    @abstractmethod
    def column(self) -> str:
        """Name of the feature's column in X."""

    @property
    def called(self) -> LocalisedText:
        """What the feature is called: its label, or where it has none its column."""
        return self.label or LocalisedText(en=self.column, sv=self.column)

    def expanded(self) -> tuple[Feature, ...]:
        """Give a feature for each column that the declaration stands for."""
        return (self,)

    @classmethod
    def explained(cls) -> LocalisedText:
        """Explain in a line what the kind measures."""
        said = next((each for each in cls.__mro__ if vars(each).get("meaning_sv")), cls)
        first = (inspect.getdoc(said) or said.__name__).partition("\n")[0]
        return LocalisedText(en=first, sv=cls.meaning_sv or first)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class RelativeFeature(Feature, ABC):
    """A feature that may also be about a relative.

    Parameters
    ----------
    relative
        The feature of this relative instead of the person; null where the relative is not known. Siblings share a
        mother and were born before the index. ``"sibling"`` is whether *any* of them has as much: the highest of the
        siblings' values. ``"all_siblings"`` is whether *all* of them have as much: the lowest. Siblings whose own value
        is null are skipped.
    """

    relative: Relative | None = None

    lower_is_stronger: ClassVar[bool] = False
    """Whether a low value is the stronger one, as of days since the last event."""

    @property
    def subject(self) -> Subject | None:
        """Whose rows are read; None for the person's own."""
        return "sibling" if self.relative == "all_siblings" else self.relative

    def combine_siblings(self, values: pl.Expr) -> pl.Expr:
        """Combine the values of several siblings; null where there is none."""
        return values.min() if (self.relative == "all_siblings") != self.lower_is_stronger else values.max()


def expanded(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Give a feature for each column: declarations of several windows become several features.

    Parameters
    ----------
    features
        As declared.

    Returns
    -------
    tuple of Feature
        Each with one window, in the same order.

    Examples
    --------
    >>> from riskstrat.declare import Age, Ever
    >>> asked = Ever(register="diagnoses", codes="E10-E14", within=("1y", "5y"))
    >>> [feature.column for feature in expanded([Age(), asked])]
    ['age_years', 'ever_diagnoses_E10-E14_1y', 'ever_diagnoses_E10-E14_5y']
    """
    return tuple(one for feature in features for one in feature.expanded())


def column_name(*parts: str | None) -> str:
    """Put parts together to the name of a column."""
    words = (_NOT_IN_NAMES.sub("_", part).strip("_") for part in parts if part)
    return "_".join(word for word in words if word)
