"""2. What to focus on: why some areas are high, what they share, and where most cases arise.

In: a `Story`. Out: a section.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from riskstrat.figures import pyramid, reasons_bars
from riskstrat.reports.blocks import Block, Bullets, Paragraph, Section
from riskstrat.reports.story import HIGHER, Story, chart, sentence

EXAMPLES = 5
"""How many areas are shown where none is clearly high."""

AGE_SEX, UNEXPLAINED = "age_sex", "unexplained"
_ENDS = ("lower", "upper")
_COARSE = 0.5
"""From this many percentage points on one decimal is enough."""

_FACTORS_NAMED = 2
_PERCENT = 100
_BOTTOM, _TOP = 4, 1


def focus(story: Story) -> Section:
    """Answer the second question."""
    return Section(key="focus", title=story.words("section.focus"), blocks=tuple(_blocks(story)))


def _blocks(story: Story) -> Iterator[Block]:
    if story.areas is None:
        yield Paragraph(story.words("first.no_areas"), "note")
    else:
        yield from _why(story, story.areas)
    yield from _pyramid(story)


def _why(story: Story, areas: pl.DataFrame) -> Iterator[Block]:
    high = areas.filter(pl.col("class") == HIGHER)
    shown = high if high.height else _examples(areas)
    if "reasons" not in story.tables or shown.is_empty():
        yield Paragraph(story.words("focus.nothing"), "note")
        return
    if high.is_empty():
        yield Paragraph(story.words("focus.none_high"), "note")
    reasons = [reasons_of(story, row["area_id"], row["name"]) for row in shown.iter_rows(named=True)]
    sentences = [(one.name, reasons_sentence(story, one)) for one in reasons]
    texts = {
        "title": _title(story, reasons, any_high=high.height > 0),
        "how": story.words("focus.why_how"),
        "alternative": story.words("focus.why_alt", areas=" ".join(f"{name}: {told}" for name, told in sentences)),
    }
    drawn = reasons_bars(story.tables["reasons"], story.tables["areas"], shown["area_id"].to_list(), story.words)
    yield story.picture("reasons", "reasons", texts, chart("reasons", drawn), wide=True)
    yield Bullets(tuple(sentences))
    if shared := _shared(story, reasons):
        yield Paragraph(shared)
    yield Paragraph(story.words("focus.together"), "quiet")
    yield Paragraph(story.words("focus.not_causes"), "note")


def _examples(areas: pl.DataFrame) -> pl.DataFrame:
    known = areas.drop_nulls("probability_higher")
    return known.sort("probability_higher", descending=True).head(EXAMPLES).sort("name")


@dataclass(frozen=True)
class Reasons:
    """The parts of one area's difference from the municipality, in percentage points.

    Attributes
    ----------
    area, name
        Code and name of the area.
    points
        Percentage points of each part.
    rest
        The part that no register explains, with its interval, where it is known.
    """

    area: str
    name: str
    points: Mapping[str, float]
    rest: tuple[float, float | None, float | None] | None

    @property
    def total(self) -> float:
        """The whole difference."""
        return sum(self.points.values())

    @property
    def beyond_age_and_sex(self) -> float:
        """The difference without the part that ages and sexes make."""
        return self.total - self.points.get(AGE_SEX, 0.0)

    def largest(self, without: str | None = None) -> str | None:
        """Name the part that raises the risk most; None where none does."""
        raising = {part: value for part, value in self.points.items() if value > 0 and part != without}
        return max(raising, key=lambda part: raising[part], default=None)


def reasons_of(story: Story, area: str, name: str) -> Reasons:
    """Read one area's reasons."""
    frame = story.tables["reasons"].frame.filter(pl.col("group") == area).drop_nulls("estimate")
    rows = {row["part"]: row for row in frame.iter_rows(named=True)}
    points = {part: _PERCENT * row["estimate"] for part, row in rows.items()}
    rest = rows.get(UNEXPLAINED)
    bounds = None if rest is None else [None if rest[end] is None else _PERCENT * rest[end] for end in _ENDS]
    return Reasons(area, name, points, None if bounds is None else (points[UNEXPLAINED], bounds[0], bounds[1]))


def reasons_sentence(story: Story, reasons: Reasons) -> str:
    """Tell the difference, also beyond age and sex, its largest known part and what is not explained."""
    numbers, words = story.numbers, story.words
    decimals = 1 if abs(reasons.total) >= _COARSE or abs(reasons.beyond_age_and_sex) >= _COARSE else 2
    key = "focus.higher" if reasons.total >= 0 else "focus.lower"
    points = words(key, points=numbers.number(abs(reasons.total), decimals))
    told = [words("focus.area", points=points, beyond=numbers.signed(reasons.beyond_age_and_sex, decimals))]
    part = reasons.largest(without=UNEXPLAINED)
    if part is not None:
        told.append(_largest(story, reasons, part, decimals))
    if reasons.rest is not None:
        told.append(words("focus.rest", points=numbers.interval(*reasons.rest)))
    return " ".join(told)


def _largest(story: Story, reasons: Reasons, part: str, decimals: int) -> str:
    values = {"part": story.words(f"part.{part}"), "points": story.numbers.signed(reasons.points[part], decimals)}
    factors = _factors(story, reasons.area, part)
    if not factors:
        return story.words("focus.largest", **values)
    key = "focus.largest_one" if len(factors) == 1 else "focus.largest_with"
    return story.words(key, factors=story.words.listed(factors), **values)


def _factors(story: Story, area: str, family: str) -> list[str]:
    """Labels of the features of a family that raise the area's risk most."""
    frame = story.frame("factors")
    labels = {feature.column: feature.label for feature in story.released.condition.features if feature.label}
    if frame is None:
        return []
    raising = frame.filter(
        pl.col("group") == area,
        pl.col("family") == family,
        pl.col("mean_difference") > 0,
        pl.col("feature").is_in(list(labels)),
    ).sort("mean_difference", descending=True)
    found = (labels[name] for name in raising["feature"].head(_FACTORS_NAMED))
    return [story.say(label) for label in found if label is not None]


def _title(story: Story, reasons: Sequence[Reasons], *, any_high: bool) -> str:
    largest = Counter(part for one in reasons if (part := one.largest()) is not None)
    if not any_high or not largest:
        return story.words("focus.why_title_none")
    part, k = largest.most_common(1)[0]
    if part == UNEXPLAINED:
        return story.words("focus.why_title_unexplained", k=k, n=len(reasons))
    named = story.words(f"part.{part}")
    if len(reasons) == 1:
        return story.words("focus.why_title_one", part=sentence(named))
    return story.words("focus.why_title", k=k, n=len(reasons), part=named)


def _shared(story: Story, reasons: Sequence[Reasons]) -> str:
    """Say in how many of the areas each part raises the risk; only with several areas is anything shared."""
    if len(reasons) < 2:
        return ""
    counts = Counter(
        part for one in reasons for part, points in one.points.items() if points > 0 and part != UNEXPLAINED
    )
    told = [
        story.words("focus.shared_part", part=story.words(f"part.{part}"), k=k, n=len(reasons))
        for part, k in counts.most_common()
        if k > len(reasons) / 2
    ]
    return story.words("focus.shared", parts=story.words.listed(told)) if told else ""


def _pyramid(story: Story) -> Iterator[Block]:
    frame = story.frame("risk_strata")
    if frame is None or frame["case_share"].null_count():
        return
    rows = {row["stratum"]: row for row in frame.iter_rows(named=True)}
    shares = {level: story.numbers.whole_percent(row["case_share"]) for level, row in rows.items()}
    top = story.numbers.whole_percent(rows[_TOP]["people_share"])
    texts = {
        "title": story.words("focus.pyramid_title", top=top, cases=shares[_TOP], low_cases=shares[_BOTTOM]),
        "how": story.words("focus.pyramid_how"),
        "alternative": story.words(
            "focus.pyramid_alt", levels=" ".join(_level(story, row) for row in frame.iter_rows(named=True))
        ),
    }
    yield story.picture(
        "pyramid", "risk_strata", texts, chart("pyramid", pyramid(story.tables["risk_strata"], story.words))
    )
    outside = story.estimate("plan_summary", metric="outside_share")
    if outside is not None:
        share = story.numbers.whole_percent(outside.value)
        yield Paragraph(story.words("focus.outside", share=share))


def _level(story: Story, row: dict[str, float]) -> str:
    return story.words(
        "focus.pyramid_level",
        label=sentence(story.words(f"pyramid.{row['stratum']}")),
        people=story.numbers.whole_percent(row["people_share"]),
        cases=story.numbers.whole_percent(row["case_share"]),
    )
