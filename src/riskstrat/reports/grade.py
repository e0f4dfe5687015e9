"""How sure the answers are, as one plain grade with its reasons; the rule is told in the report's last part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from riskstrat.reports.area_fit import misfitting_areas
from riskstrat.reports.blocks import Grade
from riskstrat.reports.context import HIGHER, LOWER, Estimate, ReportContext

GOOD, MODERATE, LOW = GRADES = ("good", "moderate", "low")
LEVEL_HALF_WIDTHS = (0.15, 0.35)
CLEAR_SHARES = (0.40, 0.15)
CALIBRATED = (0.8, 1.25)
_PER_HUNDRED = 100


def grade_of(context: ReportContext) -> Grade:
    """Grade the level, the differences between areas and the calibration; the worst of them is the grade."""
    graded = [grade(context) for grade in (_level, _areas, _fit)]
    found = [one for one in graded if one is not None]
    worst = max((GRADES.index(grade) for grade, _ in found), default=GRADES.index(LOW))
    effect = (context.messages("grade.effect"),) if context.released.condition.programmes else ()
    return Grade(
        title=context.messages("grade.title"),
        grade=context.messages(f"grade.{GRADES[worst]}"),
        reasons=(*(reason for _, reason in found), *effect),
    )


def _level(context: ReportContext) -> tuple[str, str] | None:
    expected = context.expected
    if expected is None:
        return None
    if expected.lower is None or expected.upper is None:
        return MODERATE, context.messages("grade.level_unknown")
    half = (expected.upper - expected.lower) / 2 / expected.value
    good, moderate = LEVEL_HALF_WIDTHS
    grade = GOOD if half <= good else MODERATE if half <= moderate else LOW
    # The number and the interval are those of the headline.
    told = {"expected": context.numbers.whole(*expected), "percent": context.numbers.whole_percent(half)}
    return grade, context.messages(f"grade.level_{grade}", **told)


def _areas(context: ReportContext) -> tuple[str, str] | None:
    if context.areas is None:
        return None
    clear, everything = len(context.names_of(HIGHER)) + len(context.names_of(LOWER)), context.areas.height
    good, moderate = CLEAR_SHARES
    grade = GOOD if clear >= good * everything else MODERATE if clear >= moderate * everything else LOW
    told = context.messages.count("grade.clear", clear, all=everything)
    reason = context.messages(f"grade.areas_{grade}", clear=told)
    if unlike := misfitting_areas(context):
        grade = max(grade, MODERATE, key=GRADES.index)
        reason = f"{reason} {context.messages('grade.unlike', areas=context.listed(unlike))}"
    moved = drift_factors(context)
    if moved is None or not moved.as_large_as_spread:
        return grade, reason
    return LOW, f"{context.messages('grade.areas_low', clear=told)} {context.messages('grade.drift', **moved.written)}"


@dataclass(frozen=True)
class DriftFactors:
    """How far areas moved between periods and how far they lie apart, written as factors."""

    written: Mapping[str, str]
    as_large_as_spread: bool


def drift_factors(context: ReportContext) -> DriftFactors | None:
    """Read whether what set the areas apart has persisted so far; None where it is not known."""
    found = {
        name: context.estimate("drift", (name, f"{name}_lower", f"{name}_upper"), scope="all")
        for name in ("drift", "spread")
    }
    known = {name: one for name, one in found.items() if one is not None and one.is_bounded}
    if len(known) < len(found):
        return None
    # A standard deviation of logs is written as the factor that one of them makes.
    written = {name: context.numbers.interval(*one.mapped(exp)) for name, one in known.items()}
    written["carried"] = context.numbers.whole_percent(context.tables["drift"].frame["carried"].item())
    return DriftFactors(written, known["drift"].value >= known["spread"].value)


def _fit(context: ReportContext) -> tuple[str, str] | None:
    checks = [name for name in ("metrics_time", "metrics_person") if name in context.tables]
    ratio = context.estimate(checks[0], metric="observed_expected", group="all") if checks else None
    if ratio is None:
        return None
    grade = _grade_of_ratio(ratio)
    observed = context.numbers.whole(*ratio.mapped(lambda share: _PER_HUNDRED * share))
    told = context.messages(f"grade.fit_{grade}", expected=_PER_HUNDRED, observed=observed)
    in_time = checks[0] == "metrics_time" and grade != GOOD
    return grade, f"{told} {context.messages('grade.corrected')}" if in_time else told


def _grade_of_ratio(ratio: Estimate) -> str:
    """Grade observed over expected: disagreement that chance may have made is doubt, not failure."""
    low, high = CALIBRATED
    if low <= ratio.value <= high:
        return GOOD
    if ratio.lower is None or ratio.upper is None or ratio.upper < low or ratio.lower > high:
        return LOW
    return MODERATE
