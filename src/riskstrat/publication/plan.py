"""Tables of a plan: the units chosen, how robust that is, what it averts and costs, beside other ways to spend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import polars as pl

from riskstrat.declare import Scenario
from riskstrat.disclosure import DIGITS, MONEY, PROBABILITY, ByInterval, Difference, Digits, Figures, Step, Table
from riskstrat.errors import DisclosureError, Problem
from riskstrat.records.plan import (
    CARE_NEED,
    OBSERVED_CASE_PERSONS,
    OBSERVED_CASES,
    OBSERVED_INDEX_DATES,
    Interval,
    Plan,
    Scenarios,
)

_NET = (("sek", "sek"), ("lower", "upper"), ("upper", "lower"))
"""Net costs are costs minus savings: least where most is saved."""
_SHARE = "share"
_RULES = ("budget_sek", "staff_hours", "whole_units", "equity_weights", "floors")
_FIELDS = (
    "person_cost_sek",
    "unit_cost_sek",
    "person_staff_hours",
    "unit_staff_hours",
    "financing",
    "eligible",
    "eligible_share",
    "reach",
    "adherence",
    "reduction",
    "case_cost_sek",
    "savings_years",
    "discount_rate",
    "price_year",
)
_ASSUMED = (
    "scenario", "programme", "assumption", "of", "value", "source", "source_sv", "declared_by", "declared_by_sv",
)  # fmt: skip
_FROM_PEOPLE = ("cost_per_averted", "break_even", "reached", "staff_hours")
_ADDING_UP = Step(MONEY.size, total=("payer", "all"))
_PER_AVERTED = ("cost_per_averted", "cost_per_averted_lower", "cost_per_averted_upper")
_FROM_CASES = ("cases", "averted", "averted_lower", "averted_upper", "robustness")


def plan_tables(plan: Plan, marks: pl.DataFrame | None = None) -> dict[str, Table]:
    """Give ``selected``, ``robustness``, ``summary``, ``net_cost``, ``comparisons`` and curves with their roles.

    Where several programmes compete, also ``allocated``: which unit is offered which.

    Which units are chosen, and how much of the last one, is shown even where observed cases are protected; their
    cases, averted cases and robustness are not. `marks` (area_id, depends_on) say of chosen areas what their class
    depends on. Of a plan made without observed cases nothing says which numbers are
    protected: a DisclosureError.
    """
    if OBSERVED_CASES not in plan.units.columns:
        raise DisclosureError(_unjudged())
    robust = plan.units.select(*plan.by, "people", *observed_in(plan.units), "robustness")
    selected, shown = plan.selected, tuple[str, ...](_FROM_CASES)
    if marks is not None and marks.columns[0] in plan.by:
        selected = selected.join(marks, on=marks.columns[0], how="left", maintain_order="left")
        shown = (*shown, *marks.columns[1:])
    return {
        "selected": _unit_table(selected, plan.by, shown),
        "robustness": _unit_table(robust, plan.by, shown=("robustness",)),
        "summary": _table(_summary(plan), ("metric",), ("estimate", "lower", "upper")),
        "net_cost": _aggregate(plan.net_cost, ("payer",), plan.selected),
        "comparisons": _aggregate(_comparisons(plan), ("strategy",), plan.units),
        "curve": _curve(plan),
        "curve_net_cost": _curve_net_cost(plan),
        "curve_units": _curve_units(plan),
        **({"allocated": _allocated(plan)} if len(plan.programmes) > 1 else {}),
    }


def scenario_table(scenarios: Scenarios) -> Table:
    """Plans beside each other; spent kronor, people reached and hours with few figures, as in a plan's summary."""
    behind = [{"scenario": name, **_behind(plan.selected)} for name, plan in scenarios.plans.items()]
    few = pl.col("spent_sek", "reached", "staff_hours", "^cost_per_averted.*$").round_sig_figs(DIGITS)
    frame = scenarios.table.with_columns(few).join(pl.DataFrame(behind), on="scenario", maintain_order="left")
    shown = [name for name in scenarios.table.columns if name not in ("scenario", "budget_sek")]
    table = _table(frame, ("scenario",), shown, public=("budget_sek",))
    net = dict.fromkeys(("net_cost_sek", "net_cost_lower", "net_cost_upper"), MONEY)
    return replace(table, digits={**table.digits, **net})


def assumptions_table(scenarios: Sequence[Scenario]) -> Table:
    """Everything that plans assume and are bound by, from whom: a row a number, as declared and of no person."""
    rows = [row for each in scenarios for row in (*_rules(each), *_assumptions(each))]
    schema = dict.fromkeys(_ASSUMED, pl.String) | {"value": pl.Float64}
    return Table(pl.DataFrame(rows, schema=schema, orient="row"), dimensions=_ASSUMED[:4], public=_ASSUMED[4:])


def _rules(scenario: Scenario) -> Iterator[tuple[object, ...]]:
    for name in _RULES:
        for of, value in _numbers(name, getattr(scenario, name)):
            yield scenario.name, None, name, of, value, None, None, None, None


def _assumptions(scenario: Scenario) -> Iterator[tuple[object, ...]]:
    for programme in scenario.programmes:
        for field in _FIELDS:
            told = programme.assumption(field)
            by = told.declared_by
            said = (told.source.en, told.source.sv, *((None, None) if by is None else (by.en, by.sv)))
            for of, value in _numbers(field, getattr(programme, field)):
                yield scenario.name, programme.name, field, of, value, *said


def _numbers(name: str, value: object) -> Iterator[tuple[str | None, float | None]]:
    """Give each number of a declared value, and of what it is: a payer, a municipality, a limit or a quintile."""
    if isinstance(value, int | float):
        yield None, float(value)
    if not isinstance(value, tuple):
        return
    if name == "eligible":
        yield from ((f"{column}: {', '.join(of)}", None) for column, of in value)
    elif name == "reduction":
        yield from zip(("low", "point", "high"), value, strict=True)
    elif name in ("reach", "equity_weights"):
        yield from ((f"quintile {number}", each) for number, each in enumerate(value, 1))
    else:
        yield from value


def _comparisons(plan: Plan) -> pl.DataFrame:
    """Leave out what is told of true cases: it stays in the simulation that knows them."""
    return plan.comparisons.drop("true_averted", "gain", strict=False).filter(pl.col("strategy") != "oracle")


def _allocated(plan: Plan) -> Table:
    known = ("people", *observed_in(plan.units))
    allocated = plan.allocated.drop("staff_hours").join(
        plan.units.select(*plan.by, *known), on=plan.by, maintain_order="left"
    )
    return _unit_table(allocated, (*plan.by, "programme"), shown=())


def _curve(plan: Plan) -> Table:
    """Totals at other budgets; what is spent or reached has few figures, as in the summary."""
    few = pl.col("reached", "staff_hours", *_PER_AVERTED).round_sig_figs(DIGITS)
    values = ("averted", "lower", "upper", *_PER_AVERTED, "reached", "staff_hours")
    table = _table(_least_behind(plan, plan.curve.with_columns(few)), ("budget_sek",), values)
    return replace(table, digits={**table.digits, _PER_AVERTED[0]: ByInterval(*_PER_AVERTED[1:])})


def _curve_net_cost(plan: Plan) -> Table:
    money = [name for name in plan.net_cost.columns if name != "payer"]
    table = _table(_least_behind(plan, plan.curve_net_cost), ("budget_sek", "payer"), money)
    return replace(table, digits=_digits(money, replace(_ADDING_UP, within="budget_sek")))


def _least_behind(plan: Plan, curve: pl.DataFrame) -> pl.DataFrame:
    """Let the smallest unit that a budget changes decide whether it is told: the budget before would tell that unit."""
    observed = observed_in(plan.units)
    shares = plan.curve_units.select("budget_sek", "unit", "share")
    units = plan.curve.select("budget_sek").join(plan.units.select("unit", *observed), how="cross")
    known = units.join(shares, on=("budget_sek", "unit"), how="left").with_columns(pl.col("share").fill_null(0.0))
    before = pl.col("share").shift(1, fill_value=0.0).over("unit", order_by="budget_sek")
    least = known.filter(pl.col("share") != before).group_by("budget_sek").agg(pl.col(observed).min())
    filled = plan.curve.select("budget_sek").join(least, on="budget_sek", how="left").sort("budget_sek").fill_null(
        strategy="forward"
    )  # fmt: skip
    return curve.drop(observed).join(filled, on="budget_sek", how="left", maintain_order="left")


def _curve_units(plan: Plan) -> Table:
    """Which units each budget reaches; how much of the last one would tell its people at one budget after the other."""
    offered = pl.when(pl.col(_SHARE) < 1).then(pl.lit("part")).otherwise(pl.lit("whole")).alias("offered")
    frame = plan.curve_units.with_columns(offered).drop(_SHARE)
    return Table(
        frame,
        dimensions=("budget_sek", *plan.by),
        unshown=("people", OBSERVED_CASES),
        derived={"offered": "people"},
        persons=persons_behind(frame),
    )


def _summary(plan: Plan) -> pl.DataFrame:
    # What one more million averts is about a single unit, so that unit's counts decide whether it is shown.
    following = plan.units.filter(pl.col("unit").eq_missing(pl.lit(plan.next_unit)))
    behind: dict[str, tuple[Interval, pl.DataFrame]] = {
        "averted": (plan.averted, plan.selected),
        "nnt": (plan.nnt, plan.selected),
        "outside_share": (plan.outside_share, plan.selected),
        "next_million": (plan.next_million, following),
        "cost_per_averted": (plan.cost_per_averted, plan.selected),
        "break_even": (plan.break_even, plan.selected),
        "reached": (_sure(plan.reached), plan.selected),
        **({"staff_hours": (_sure(plan.staff_hours), plan.selected)} if plan.staff_hours else {}),
    }
    frame = pl.DataFrame(
        [{"metric": metric, **asdict(interval), **_behind(units)} for metric, (interval, units) in behind.items()]
    )
    # With more digits, what is spent or reached would tell the exact number of people.
    tells = pl.col("metric").is_in(_FROM_PEOPLE)
    numbers = pl.col("estimate", "lower", "upper")
    return frame.with_columns(pl.when(tells).then(numbers.round_sig_figs(DIGITS)).otherwise(numbers))


def _sure(amount: float) -> Interval:
    return Interval(estimate=amount, lower=amount, upper=amount)


def _aggregate(frame: pl.DataFrame, dimensions: tuple[str, ...], behind: pl.DataFrame) -> Table:
    counted = frame.with_columns(**{column: pl.lit(count) for column, count in _behind(behind).items()})
    return _table(counted, dimensions, [column for column in frame.columns if column not in dimensions])


def _behind(units: pl.DataFrame) -> dict[str, int]:
    """Count the people, observed cases and their persons in units; a person with outcomes in several counts in each."""
    return {column: int(units[column].sum()) for column in ("people", *observed_in(units))}


def observed_in(frame: pl.DataFrame) -> list[str]:
    """Name the counts of observed cases that a frame has."""
    return [column for column in (OBSERVED_CASES, OBSERVED_CASE_PERSONS) if column in frame.columns]


def persons_behind(frame: pl.DataFrame) -> dict[str, str]:
    """Name the persons behind observed cases, where a frame has them."""
    return {OBSERVED_CASES: OBSERVED_CASE_PERSONS} if OBSERVED_CASE_PERSONS in frame.columns else {}


def _unit_table(frame: pl.DataFrame, by: tuple[str, ...], shown: Sequence[str] = _FROM_CASES) -> Table:
    """Rows of single units; costs stay behind, because by the cost per person they tell the exact number of people."""
    known = [column for column in (OBSERVED_CASES, OBSERVED_INDEX_DATES) if column in frame.columns]
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
        persons=persons_behind(frame),
        digits=_digits((*shown, *([CARE_NEED] if CARE_NEED in frame.columns else []))),
    )


def _table(frame: pl.DataFrame, dimensions: Sequence[str], derived: Sequence[str], public: Sequence[str] = ()) -> Table:
    return Table(
        frame,
        dimensions=dimensions,
        counts=("people",),
        unshown=(OBSERVED_CASES,),
        derived=dict.fromkeys(derived, ("people", OBSERVED_CASES)),
        public=public,
        persons=persons_behind(frame),
        digits=_digits(derived),
    )


def _digits(columns: Sequence[str], adding_up: Step = _ADDING_UP) -> dict[str, Digits]:
    """Say what the numbers are: with an interval, kronor whose payers add up, or neither."""
    limits = [name for name in columns if name.endswith(("lower", "upper"))]
    intervals = {"averted": "", "estimate": ""} if "lower" in limits else {"averted": "averted_"}
    intervals["difference"] = "difference_"
    kinds: dict[str, Digits] = {
        **{name: ByInterval(f"{prefix}lower", f"{prefix}upper") for name, prefix in intervals.items()},
        **dict.fromkeys(("cost_sek", "saving_sek", "saving_lower", "saving_upper"), adding_up),
        **{f"net_cost_{of}": Difference(("cost_sek", adding_up), (f"saving_{by}", adding_up)) for of, by in _NET},
        **dict.fromkeys(("cases", "reached", "staff_hours"), Figures(2)),
        "robustness": PROBABILITY,
        CARE_NEED: Figures(DIGITS),
    }
    return {name: kind for name, kind in kinds.items() if name in columns}


def _unjudged() -> Problem:
    return Problem(
        "a plan made without observed cases",
        f"a column {OBSERVED_CASES} of whole numbers in its units",
        "plan from area estimates, or add the column",
        table="units",
        column=OBSERVED_CASES,
    )
