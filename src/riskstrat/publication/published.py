"""What of a study was published: released tables and facts that concern no person.

`Published` is the only thing that reports, exports and tracking read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import date

import polars as pl

from riskstrat.declare import Condition, Level, LocalisedText, Scenario
from riskstrat.disclosure import CellNoise, Disclosure, Released
from riskstrat.errors import DisclosureError, Problem, number_of
from riskstrat.records.omission import Omission
from riskstrat.records.partition import Partition

TOKEN = object()
"""Known to `riskstrat.publication.composition` only."""


def secret_name(noise: CellNoise | None) -> str:
    """Name a secret without telling it; nothing where there is none."""
    return "" if noise is None else noise.digest("secret")


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """Name of the registers, digest of their data, their last day, whether invented, GeoJSON of the areas (or None)."""

    name: str
    fingerprint: str
    data_end: date
    invented: bool = False
    geometry: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """What is said of a study besides its tables: nothing in it was counted among persons.

    Attributes
    ----------
    condition, as_of, version
        What was asked, as of which day, with which version of the library.
    budget_sek, strata
        What the plan may cost, and the groups that it may choose among.
    levels
        What the groups of each level are called.
    scenario, scenarios
        Programmes and rules of the plan, None where there is no programme; and those that it is set beside.
    digest, model_digest
        Name the study (with programmes, budget and disclosure rule) and its model, under the controller's secret: a
        guess of what the data were is not confirmed by them.
    partition
        Which areas are described together; None where there are no areas.
    secret
        Names the secret under which counts were protected, without telling it; empty where there is none.
    chosen
        The kind of estimator that was chosen; its parameters, seeds and draws stay inside.
    missing
        How the chosen model treats what was not observed (`riskstrat.estimators.RiskEstimator.missing_ways`).
    of_time
        Whether it counts everybody for as long as they were followed; if not, those followed are weighted.
    recalibration, smoothing
        What moves risks before they are counted with, and what the ratios of areas are drawn towards
        (`riskstrat.declare.Settings`).
    omissions
        What could not be done, and why.
    notes
        What a reader should know of the data; they count nobody.
    source
        Where the data came from.

    Examples
    --------
    >>> from riskstrat.publication import publish
    >>> publish(study).chosen
    'Logistic'
    """

    condition: Condition
    as_of: date
    version: str
    budget_sek: float
    strata: tuple[str, ...]
    levels: tuple[Level, ...] = ()
    scenario: Scenario | None = None
    scenarios: tuple[Scenario, ...] = ()
    digest: str
    model_digest: str
    partition: Partition | None = None
    secret: str = ""
    chosen: str
    missing: str = "indicator"
    of_time: bool = False
    recalibration: str = "in_the_large"
    smoothing: str = "gamma"
    omissions: tuple[Omission, ...]
    notes: tuple[LocalisedText, ...] = ()
    source: SourceFacts


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Published(Facts):
    """What of a study may be shown, made by `riskstrat.publish` only.

    Attributes
    ----------
    tables
        Released tables by name; which there are depends on the data (no areas, no area tables).
    disclosure
        The rule that all of them were released under.

    Examples
    --------
    >>> from riskstrat.publication import publish
    >>> published = publish(study)
    >>> "areas" in published.tables, published.frame("no such table") is None
    (True, True)
    """

    tables: Mapping[str, Released]
    disclosure: Disclosure
    token: InitVar[object]

    def __post_init__(self, token: object) -> None:
        if token is not TOKEN:
            raise DisclosureError(
                Problem(
                    "published results that were not published",
                    "a result of publish(study, disclosure)",
                    "pass the study through publish",
                )
            )

    def __repr__(self) -> str:
        named = f"{self.condition.name}, {self.as_of}, digest {self.digest}"
        return f"Published({named}, {number_of(len(self.tables), 'table')}, min_count={self.disclosure.min_count})"

    def frame(self, name: str) -> pl.DataFrame | None:
        """Return a released table as a frame.

        Parameters
        ----------
        name
            Name of the table, a key of `tables`.

        Returns
        -------
        polars.DataFrame or None
            None where the study has no table of that name.
        """
        return self.tables[name].frame if name in self.tables else None
