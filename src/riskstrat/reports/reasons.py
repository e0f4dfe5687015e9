"""Why an area's risk differs, in sentences: how much, its largest known part, and what is not explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from riskstrat.figures import NUMBER, Reasons
from riskstrat.figures.maps import descriptions
from riskstrat.figures.reasons import UNEXPLAINED, reasons_of
from riskstrat.records.explanation import ALIKE
from riskstrat.reports.context import ReportContext, sheet_key

STABLE = 0.8
"""Share of refits in which the largest part is the same, below which a sentence says that it may be another."""

_FACTORS_NAMED = 2


def map_links(context: ReportContext) -> dict[str, tuple[str, str]]:
    """Give, by what a map tells of an area, where its sheet is, and what is told of the area with its main reason."""
    if context.areas is None:
        return {}
    told = descriptions(context.areas, context.messages)
    return {
        told[row["area_id"]]: (
            f"#{sheet_key(row[NUMBER])}",
            " ".join([f"{told[row['area_id']]}.", *_main_reason(context, row["area_id"], row["name"])]),
        )
        for row in context.areas.iter_rows(named=True)
    }


def _main_reason(context: ReportContext, area: str, name: str) -> Iterator[str]:
    if all(row["estimate"] is None for row in context.rows("reasons", group=area)):
        return
    reasons = reasons_of(context.tables["reasons"], area, name)
    parts, points = largest_together(reasons, _pairs(context))
    if reasons.total > 0 and round(points, 1) > 0:
        yield _largest(context, area, parts, context.numbers.signed(points, min(reasons.decimals, 1)))


def reasons_sentence(context: ReportContext, reasons: Reasons) -> str:
    """Tell the difference, also beyond age and sex, its largest known part, what is alike and what is not explained."""
    numbers, messages, decimals = context.numbers, context.messages, reasons.decimals
    total, beyond = (numbers.interval(*reasons.sum_of(name)) for name in ("total", "beyond_age_sex"))
    told = [messages("focus.area", points=total, beyond=beyond)]
    parts, points = largest_together(reasons, _pairs(context))
    if points > 0:
        told.append(_largest(context, reasons.area, parts, numbers.signed(points, decimals)))
        told.extend(_doubts(context, reasons.area, parts))
    if reasons.together is not None and not {*ALIKE} <= {*parts}:
        told.append(messages("focus.as_one", points=numbers.interval(*reasons.together)))
    if reasons.rest is not None:
        told.append(_rest(context, reasons.rest))
    return " ".join(told)


def _rest(context: ReportContext, rest: tuple[float, float | None, float | None]) -> str:
    """Tell the unexplained part as a number only where its interval lies on one side of zero."""
    point, lower, upper = rest
    written = context.numbers.interval(point, lower, upper)
    if lower is None or upper is None or lower * upper > 0:
        return context.messages("focus.rest", points=written)
    return context.messages("focus.rest_unclear", bounds=written.partition("(")[2].rstrip(")"))


def largest_together(reasons: Reasons, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], float]:
    """Give the known parts that raise the risk most, with their sum; parts that go together count as one.

    Examples
    --------
    >>> one = Reasons("1", "Norr", {"living_conditions": 0.9, "health_care": 1.0, "area": 0.4})
    >>> largest_together(one, [])
    (('health_care',), 1.0)
    >>> largest_together(one, [("area", "living_conditions")])
    (('living_conditions', 'area'), 1.3)
    """
    known = {part: points for part, points in reasons.points.items() if part != UNEXPLAINED}
    joined = {part: {part} for part in known}
    for first, second in pairs:
        if first in joined and second in joined:
            both = joined[first] | joined[second]
            joined.update(dict.fromkeys(both, both))
    found = (tuple(part for part in known if part in parts) for parts in joined.values())
    sums = {parts: round(sum(known[part] for part in parts), 12) for parts in found}
    return max(sums.items(), key=lambda one: one[1], default=((), 0.0))


def _pairs(context: ReportContext) -> list[tuple[str, str]]:
    """Pairs of families of which some features go together."""
    known = (row for row in context.rows("correlated") if row["rank_correlation"] is not None)
    return sorted({(row["family"], row["with_family"]) for row in known})


def _largest(context: ReportContext, area: str, parts: tuple[str, ...], points: str) -> str:
    listed = context.messages.listed
    named = listed([context.messages(f"part.{part}") for part in parts])
    factors = _factors(context, area, parts)
    if not factors:
        return context.messages("focus.largest", part=named, points=points)
    key = "focus.largest_one" if len(factors) == 1 else "focus.largest_with"
    return context.messages(key, factors=listed(factors), part=named, points=points)


def _doubts(context: ReportContext, area: str, parts: tuple[str, ...]) -> Iterator[str]:
    """Say that parts cannot be told apart, or that others would come first with other people in the training data."""
    if len(parts) > 1:
        yield context.messages("focus.go_together")
    shares = [row["largest_share"] for row in context.rows("reason_stability", group=area) if row["part"] in parts]
    if shares and None not in shares and sum(shares) < STABLE:
        yield context.messages("focus.unstable", share=context.numbers.whole_percent(sum(shares)))


def _factors(context: ReportContext, area: str, families: Sequence[str]) -> list[str]:
    """Labels of the features of some families that raise the area's risk most."""
    labels = {each.column: context.say(each.label) for each in context.released.condition.features if each.label}
    raising = [
        row
        for row in context.rows("factors", group=area)
        if row["family"] in families and row["feature"] in labels and (row["mean_difference"] or 0) > 0
    ]
    raising.sort(key=lambda row: -row["mean_difference"])
    return [labels[row["feature"]] for row in raising[:_FACTORS_NAMED]]
