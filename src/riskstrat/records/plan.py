"""Where prevention does most good for a budget, how much, and how sure that is.

In: what `riskstrat.priorities` computed. Out: a frozen record; its tables leave through `riskstrat.disclosure.release`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.declare import Programme
from riskstrat.disclosure import Table, release
from riskstrat.errors import DisclosureError, Problem
from riskstrat.figures import Language, comparisons, load_words, released_html

if TYPE_CHECKING:
    import altair as alt

OBSERVED_CASES = "observed_cases"
OBSERVED_PEOPLE = "observed_people"
CARE_NEED = "care_need_index"

_SHARE = "share"
_FROM_CASES = ("cases", "averted", "averted_lower", "averted_upper", "robustness")


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A posterior mean with its 90 % interval.

    Examples
    --------
    >>> print(Interval(estimate=1.4, lower=0.5, upper=2.6))
    1.4 (0.5 to 2.6)
    """

    estimate: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.estimate:.3g} ({self.lower:.3g} to {self.upper:.3g})"


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A choice of units for a budget, evaluated on the same posterior draws as every other number.

    All intervals are 90 % and concern what is *expected* (uncertain risk and effect); the number that will be counted
    varies more, by chance. The plan is the best one for the mean of the draws, so on these draws it cannot do worse
    than its rivals; whether it does better in truth is what the honesty benchmark tests.

    Attributes
    ----------
    programme
        What the budget buys, with every assumption.
    budget_sek, spent_sek, full_cost_sek
        What was given, what the plan uses, and what reaching everybody in every unit would cost, SEK.
    whole_units
        Whether units are taken whole, or the last one in part.
    by
        The columns that name a unit.
    units
        One row a unit: the columns of `by`, people, share (of the unit offered the programme, 0-1), reached (people),
        cost_sek, cases (expected within the horizon), averted with ``_lower`` and ``_upper``, robustness (share
        of draws in whose own best plan the unit is). Where known: observed_cases, observed_people (training cohort) and
        care_need_index.
    averted
        Cases averted within the horizon.
    nnt
        People to reach to avert one case; infinite where the interval of averted cases contains 0.
    net_cost
        One row a payer, and ``all``: saving_sek, saving_lower, saving_upper, net_cost_sek, net_cost_lower,
        net_cost_upper. The net cost of a payer is that of carrying the whole programme alone: who pays is not declared.
    outside_share
        Share of all expected cases that arise where the programme is not offered (the prevention paradox).
    next_million
        Cases averted by one more million kronor at the margin; 0 once everybody is offered the programme.
    next_unit
        The unit that the next krona would go to; none once everybody is offered the programme.
    comparisons
        One row a strategy (plan, equal_share, care_need_index, raw_counts, raw_rates, random): averted, lower, upper,
        and the paired difference plan minus strategy with ``difference_lower`` and ``difference_upper``.
    absent
        Strategies that could not be computed and the column that was missing.
    curve
        One row a budget: budget_sek, averted, lower, upper, people and observed cases in the units chosen.
    left_out
        Frame of reason, units, people: what could not be chosen.
    seed
        Of the draws of effect and of the random strategy.
    """

    programme: Programme
    budget_sek: float
    spent_sek: float
    full_cost_sek: float
    whole_units: bool
    by: tuple[str, ...]
    units: pl.DataFrame
    averted: Interval
    nnt: Interval
    net_cost: pl.DataFrame
    outside_share: Interval
    next_million: Interval
    next_unit: str | None
    comparisons: pl.DataFrame
    absent: Mapping[str, str]
    curve: pl.DataFrame
    left_out: pl.DataFrame
    seed: int

    @property
    def selected(self) -> pl.DataFrame:
        """The units that the plan reaches, whole or in part, in the order of `units`."""
        return self.units.filter(pl.col("share") > 0)

    @property
    def robustness(self) -> pl.DataFrame:
        """For every unit, the share of draws in whose own best plan it is."""
        return self.units.select(*self.by, "robustness")

    @property
    def reached(self) -> float:
        """Expected number of people who take part."""
        return float(self.units["reached"].sum())

    def tables(self) -> dict[str, Table]:
        """Return what may be asked to leave, with the roles that `release` needs.

        Which units are chosen, and how much of the last one, is shown even where observed cases are protected; their
        cases, averted cases and robustness are not.

        Returns
        -------
        dict of Table
            ``selected``, ``robustness``, ``summary``, ``net_cost``, ``comparisons`` and ``curve``.

        Raises
        ------
        DisclosureError
            If the plan was made without observed cases: nothing then says which numbers are protected.
        """
        if OBSERVED_CASES not in self.units.columns:
            raise DisclosureError(_unjudged())
        return {
            "selected": _unit_table(self.selected, self.by),
            "robustness": _unit_table(
                self.units.select(*self.by, "people", OBSERVED_CASES, "robustness"), self.by, shown=("robustness",)
            ),
            "summary": _table(self._summary(), ("metric",), ("people",), ("estimate", "lower", "upper")),
            "net_cost": self._aggregate(self.net_cost, ("payer",), self.selected),
            "comparisons": self._aggregate(self.comparisons, ("strategy",), self.units),
            "curve": _table(self.curve, ("budget_sek",), ("people",), ("averted", "lower", "upper")),
        }

    def plot(self, language: Language = "sv") -> alt.LayerChart:
        """Averted cases for the same budget spent in different ways, released first."""
        return comparisons(release(self.tables()["comparisons"]), load_words(language))

    def _repr_html_(self) -> str:
        return released_html("Plan", release(self.tables()["selected"]))

    def _summary(self) -> pl.DataFrame:
        # What one more million averts is about a single unit, so that unit's counts decide whether it is shown.
        following = self.units.filter(pl.col("unit").eq_missing(pl.lit(self.next_unit)))
        behind: dict[str, tuple[Interval, pl.DataFrame]] = {
            "averted": (self.averted, self.selected),
            "nnt": (self.nnt, self.selected),
            "outside_share": (self.outside_share, self.selected),
            "next_million": (self.next_million, following),
        }
        rows = [
            {"metric": metric, **asdict(interval), **_behind(units)} for metric, (interval, units) in behind.items()
        ]
        return pl.DataFrame(rows)

    def _aggregate(self, frame: pl.DataFrame, dimensions: tuple[str, ...], behind: pl.DataFrame) -> Table:
        counted = frame.with_columns(**{column: pl.lit(count) for column, count in _behind(behind).items()})
        derived = [column for column in frame.columns if column not in dimensions]
        return _table(counted, dimensions, ("people",), derived)


def _behind(units: pl.DataFrame) -> dict[str, int]:
    """Count the people and observed cases behind a number about these units."""
    return {column: int(units[column].sum()) for column in ("people", OBSERVED_CASES)}


def _unit_table(frame: pl.DataFrame, by: tuple[str, ...], shown: Sequence[str] = _FROM_CASES) -> Table:
    """Rows of single units; costs stay behind, because by the cost per person they tell the exact number of people."""
    known = [column for column in (OBSERVED_CASES, OBSERVED_PEOPLE) if column in frame.columns]
    whole = {"reached": pl.col("reached").round().cast(pl.Int64)} if "reached" in frame.columns else {}
    return Table(
        frame.drop("cost_sek", strict=False).with_columns(**whole),
        dimensions=by,
        counts=("people", *whole),
        unshown=known,
        derived={
            **({_SHARE: "people"} if _SHARE in frame.columns else {}),
            **dict.fromkeys(shown, ("people", OBSERVED_CASES)),
        },
        public=[CARE_NEED] if CARE_NEED in frame.columns else [],
    )


def _table(frame: pl.DataFrame, dimensions: Sequence[str], counts: Sequence[str], derived: Sequence[str]) -> Table:
    return Table(
        frame,
        dimensions=dimensions,
        counts=counts,
        unshown=(OBSERVED_CASES,),
        derived=dict.fromkeys(derived, (*counts, OBSERVED_CASES)),
    )


def _unjudged() -> Problem:
    return Problem(
        found="a plan made without observed cases",
        expected=f"a column {OBSERVED_CASES} of whole numbers in its units",
        remedy="plan from area estimates, or add the column",
        table="units",
        column=OBSERVED_CASES,
    )
