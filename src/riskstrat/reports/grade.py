"""How sure the answers are, as one plain grade with its reasons; the rule is told in the report's last part."""

from __future__ import annotations

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
    return grade, context.messages(f"grade.level_{grade}", percent=context.numbers.whole_percent(half))


def _areas(context: ReportContext) -> tuple[str, str] | None:
    if context.areas is None:
        return None
    clear, everything = len(context.names_of(HIGHER)) + len(context.names_of(LOWER)), context.areas.height
    good, moderate = CLEAR_SHARES
    grade = GOOD if clear >= good * everything else MODERATE if clear >= moderate * everything else LOW
    told = context.messages.count("grade.clear", clear, all=everything)
    return grade, context.messages(f"grade.areas_{grade}", clear=told)


def _fit(context: ReportContext) -> tuple[str, str] | None:
    checks = [name for name in ("metrics_time", "metrics_person") if name in context.tables]
    ratio = context.estimate(checks[0], metric="observed_expected", group="all") if checks else None
    if ratio is None:
        return None
    observed = {
        name: context.numbers.number(_PER_HUNDRED * value)
        for name, value in {"observed": ratio.value, "lower": ratio.lower, "upper": ratio.upper}.items()
        if value is not None
    }
    return _grade_of_ratio(ratio), context.messages(
        f"grade.fit_{_grade_of_ratio(ratio)}", expected=_PER_HUNDRED, **observed
    )


def _grade_of_ratio(ratio: Estimate) -> str:
    """Grade observed over expected: disagreement that chance may have made is doubt, not failure."""
    low, high = CALIBRATED
    if low <= ratio.value <= high:
        return GOOD
    if ratio.lower is None or ratio.upper is None or ratio.upper < low or ratio.lower > high:
        return LOW
    return MODERATE
