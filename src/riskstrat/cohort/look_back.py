"""How far back registers must reach to know who is eligible: washouts, exclusions, and a required look-back.

In: a condition and a view of the registers. Out: rules that leave out index dates before which too little is covered,
and how much was covered where "ever" is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, EventFeature, LocalisedText
from riskstrat.declare.durations import DAYS_PER_YEAR, describe_lookback, window_days
from riskstrat.declare.registers import register_title
from riskstrat.declare.view import Rule
from riskstrat.records.cohort import Cohort
from riskstrat.registers import Registers
from riskstrat.registers.contract import is_event_table

_WASHOUT = LocalisedText(en="washout", sv="utsköljningsperiod")
_LOOK_BACK = LocalisedText(en="required look-back", sv="krävd tillbakablick")


@dataclass(frozen=True, kw_only=True)
class LookBack:
    """Time before the index that a register must cover: `within`, which ends `gap_days` before the index."""

    what: LocalisedText
    register: str
    within: str
    gap_days: int = 0

    def first_index(self, view: RegisterView) -> date | None:
        """Give the first index date before which all of it is covered; None where "ever" is required."""
        days = window_days(self.within)
        start = view.coverage_start(self.register)
        return None if days is None else start + timedelta(days=min(days + self.gap_days, (date.max - start).days))


def requirements(condition: Condition, view: RegisterView) -> Iterator[LookBack]:
    """List what is required of the time before the index to know who is eligible."""
    for register, washout in condition.outcome.washouts:
        yield LookBack(what=_WASHOUT, register=register, within=washout)
    for rule in (*condition.population.including, *condition.population.excluding):
        for one in rule.alternatives:
            yield LookBack(what=rule.reason, register=one.register, within=str(one.within), gap_days=one.gap_days)
    if condition.index.lookback is not None:
        read = (feature.register for feature in condition.features if isinstance(feature, EventFeature))
        for register in filter(view.registers.has, dict.fromkeys((*condition.outcome.registers, *read))):
            yield LookBack(what=_LOOK_BACK, register=register, within=condition.index.lookback)


def uncovered_rules(condition: Condition, view: RegisterView) -> tuple[Rule, ...]:
    """Leave out index dates before which too little is covered, except of persons born since the coverage began."""
    return tuple(
        Rule(
            reason=_not_covered(required, view),
            leaves_out=(pl.col("index_date") < first) & _born_before(required, view),
        )
        for required in dict.fromkeys(requirements(condition, view))
        if (first := required.first_index(view)) is not None
    )


def covered_from(condition: Condition, view: RegisterView) -> list[pl.Expr]:
    """Give the days from which on all that is required is covered, null where that is so from birth."""
    firsts = ((required, required.first_index(view)) for required in dict.fromkeys(requirements(condition, view)))
    return [
        pl.when(_born_before(required, view)).then(pl.lit(first)) for required, first in firsts if first is not None
    ]


def describe_ever(condition: Condition, view: RegisterView, index_dates: pl.Series) -> tuple[LocalisedText, ...]:
    """Say how much was covered before the first and the last of index dates where "ever" is required."""
    days = (index_dates.min(), index_dates.max())
    required = dict.fromkeys(
        required for required in requirements(condition, view) if window_days(required.within) is None
    )
    return tuple(_ever(each, view.coverage_start(each.register), *days) for each in required)  # type: ignore[arg-type]


def explain_index_dates(condition: Condition, registers: Registers, cohort: Cohort) -> Iterator[LocalisedText]:
    """Say which index dates are the first and the last and why, and what each register covers before them."""
    view = RegisterView.of(condition, registers, cohort.as_of)
    first, last = cohort.people.select(first=pl.col("index_date").min(), last=pl.col("index_date").max()).row(0)
    ends = view.last_table
    yield LocalisedText(
        en=f"last index date {last}: outcomes are known and covered to {view.last_day} ({ends}), "
        f"and are followed for {view.horizon_days} days",
        sv=f"sista indexdatum {last}: utfall är kända och täckta till {view.last_day} ({ends}), "
        f"och följs i {view.horizon_days} dagar",
    )
    yield LocalisedText(
        en=f"first index date {first}: outcomes are covered from {view.first_day}; the flow says what else left out "
        "earlier ones",
        sv=f"första indexdatum {first}: utfall täcks från {view.first_day}; flödet säger vad annat som uteslöt "
        "tidigare",
    )
    covered: dict[tuple[str, str], list[str]] = {}
    for table in dict.fromkeys(filter(is_event_table, view.all_registers)):
        start = view.coverage_start(table)
        covered.setdefault((_years(start, first), _years(start, last)), []).append(table)
    for years, tables in covered.items():
        (to_first, to_last), (till_first, till_last) = years, (each.replace(".", ",") for each in years)
        yield LocalisedText(
            en=f"{', '.join(tables)}: covered for {to_first} years before the first index date, "
            f"{to_last} before the last",
            sv=f"{', '.join(tables)}: täckta i {till_first} år före första indexdatum, {till_last} före sista",
        )


def _years(start: date, day: date) -> str:
    return f"{max((day - start).days, 0) / DAYS_PER_YEAR:.1f}"


def _ever(required: LookBack, start: date, first: date, last: date) -> LocalisedText:
    lengths = dict.fromkeys(_years(start, day) for day in (first, last))
    en, sv = " to ".join(lengths), " till ".join(lengths).replace(".", ",")
    register = register_title(required.register)
    return LocalisedText(
        en=f'{required.what.en}: "ever" in {register.en} is the {en} years covered before the index dates',
        sv=f"{required.what.sv}: ”någonsin” i {register.sv} är de {sv} år som täcks före indexdatumen",
    )


def _born_before(required: LookBack, view: RegisterView) -> pl.Expr:
    return pl.col("birth_date") < view.coverage_start(required.register)


def _not_covered(required: LookBack, view: RegisterView) -> LocalisedText:
    length, start = describe_lookback(required.within), view.coverage_start(required.register)
    register = register_title(required.register)
    return LocalisedText(
        en=f"{required.what.en} ({length.en}) not covered: {register.en}, covered from {start}",
        sv=f"{required.what.sv} ({length.sv}) täcks inte: {register.sv}, som täcks från {start}",
    )
