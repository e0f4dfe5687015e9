"""What sentences, figures and tables of a report may not say against each other, on real and on changed values."""

import re
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from riskstrat.disclosure import PRESETS, Table, release
from riskstrat.figures import Language, Numbers
from riskstrat.figures.areas import change
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports.blocks import unfolded
from riskstrat.reports.context import HIGHER, LOWER, ReportContext, report_context
from riskstrat.reports.first_screen import first_screen
from riskstrat.reports.grade import grade_of
from riskstrat.reports.page import sections_of
from riskstrat.reports.resources import adding_up

LANGUAGES: tuple[Language, ...] = ("sv", "en")
FEW = settings(max_examples=examples(15), deadline=None)
NUMBER = r"−?\d[\d\u00a0,.]*"
SAME = {"sv": "Någon tydlig förändring", "en": "No clear change"}


@dataclass
class Told:
    """A report as its parts: the sentences of each section, and the sentences and titles of its figures."""

    context: ReportContext

    def __post_init__(self) -> None:
        first = first_screen(self.context)
        blocks = {part.key: tuple(unfolded(part.blocks)) for part in sections_of(self.context)}
        blocks["first"] = first.blocks
        self.figures = {
            chart.key: chart.figure
            for section in blocks.values()
            for block in section
            if block.kind == "picture"
            for chart in block.charts
        }
        self.sentences = {name: [text for block in part for text in texts_of(block)] for name, part in blocks.items()}
        self.sentences["first"] += first.sentences
        self.grids = {block.key: block for part in blocks.values() for block in part if block.kind == "grid"}


def texts_of(block: object) -> list[str]:
    kind = block.kind
    if kind == "paragraph":
        return [block.text]
    if kind == "bullets":
        return [f"{lead}: {text}" for lead, text in block.items]
    if kind == "beside":
        return [text for part in (*block.left, *block.right) for text in texts_of(part)]
    return [block.title, *(chart.figure.sentence for chart in block.charts)] if kind == "picture" else []


def changed(study: Study, seed: int, spread: float, *, clearly: bool = True) -> Study:
    """The same study with other areas: ratios and classes follow other draws, as if other things had been seen."""
    rng = np.random.default_rng(seed)
    areas = study.area_results.estimates
    factor = np.exp(rng.normal(0, spread, areas.table.height))
    relative = areas.draws.relative_risk * factor
    bounds = np.quantile(relative, (0.05, 0.95), axis=0)
    higher = (relative > 1).mean(axis=0)
    kinds = np.where(higher >= 0.95, "clearly higher", np.where(higher <= 0.05, "clearly lower", "uncertain"))
    kinds = kinds if clearly else np.full(len(kinds), "uncertain")
    table = areas.table.with_columns(
        relative_risk=relative.mean(axis=0),
        relative_risk_lower=bounds[0],
        relative_risk_upper=bounds[1],
        probability_higher=higher,
        **{"class": pl.Series(kinds)},
    )
    return replace(study, area_results=replace(study.area_results, estimates=replace(areas, table=table)))


@pytest.fixture(scope="module", params=["as it is", "no area apart", "areas far apart", "few cases"])
def any_study(request: pytest.FixtureRequest, municipality_study: Study, scarce_study: Study) -> Study:
    return {
        "as it is": municipality_study,
        "no area apart": changed(municipality_study, 0, 0.0, clearly=False),
        "areas far apart": changed(municipality_study, 1, 0.6),
        "few cases": scarce_study,
    }[request.param]


@pytest.fixture(scope="module")
def published(any_study: Study) -> Published:
    return publish(any_study)


@pytest.fixture(scope="module", params=LANGUAGES)
def told(request: pytest.FixtureRequest, published: Published) -> Told:
    return Told(report_context(published, request.param))


def test_the_areas_that_are_clearly_different_are_the_same_everywhere(told: Told):
    context = told.context
    high, low = set(context.names_of(HIGHER)), set(context.names_of(LOWER))
    count = context.messages.count("first.higher", len(high))
    assert any(text.startswith(count) for text in told.sentences["first"])
    named = context.messages("map.classes", **{
        kind: context.messages.listed(context.names_of(kind)) or context.messages("areas.zero")
        for kind in ("clearly_higher", "clearly_lower", "uncertain", "withheld")
    })  # fmt: skip
    assert told.figures["map-classes"].sentence == named
    reasons = told.figures.get("reasons")
    below = [text for text in told.sentences["focus"] if text.startswith(NOT_ABOVE[context.language])]
    shown = {name for name in high if reasons and f" {name} " in f" {reasons.sentence}"}
    aside = {name for name in high if any(name in text for text in below)}
    assert shown | aside == high
    assert not [name for name in low if reasons and f" {name} +" in reasons.sentence]
    nobody = context.messages("focus.none_high")
    assert (nobody in told.sentences["focus"]) == (not high)
    leads = [context.messages(f"benefit.lead_{of}") for of in ("groups", "spread")]
    assert any(lead in text for lead in leads for text in told.sentences["first"]) == (not high)
    clear = context.messages.count("grade.clear", len(high) + len(low), all=context.areas.height)
    assert any(clear in reason for reason in grade_of(context).reasons)
    certainty = context.messages.count("map.certainty_title", len(high) + len(low), all=context.areas.height)
    titles = {certainty[:1].upper() + certainty[1:]} if context.areas["risk"].count() else set()
    assert {figure.title for key, figure in told.figures.items() if key == "map-certainty"} == titles


NOT_ABOVE = {"sv": "Risken är tydligt högre än för jämnåriga", "en": "The risk is clearly higher than among people"}


def test_no_area_below_the_municipality_is_told_to_be_above_it(told: Told):
    if "reasons" in told.figures:
        totals = re.findall(rf" (\+?{NUMBER}): ", told.figures["reasons"].sentence)
        assert totals
        assert all(total.startswith("+") for total in totals)


def test_the_headline_number_has_one_interval(told: Told):
    written = told.context.numbers.whole(*told.context.expected)
    assert written in told.sentences["first"][0] + " ".join(told.sentences["first"])
    assert written in grade_of(told.context).reasons[0]


@pytest.mark.parametrize("language", LANGUAGES)
@FEW
@given(
    risks=st.lists(st.floats(0.01, 0.5), min_size=2, max_size=5),
    widths=st.lists(st.floats(1.02, 2.0), min_size=5, max_size=5),
)
def test_no_change_is_said_only_where_all_intervals_meet(language: Language, risks: list[float], widths: list[float]):
    rows = [(risk, risk / width, min(risk * width, 1.0)) for risk, width in zip(risks, widths, strict=False)]
    frame = pl.DataFrame(rows, schema=["risk", "lower", "upper"], orient="row").with_columns(
        index_from=pl.date_range(pl.date(2010, 1, 1), pl.date(2010 + len(rows) - 1, 1, 1), "1y"), cases=pl.lit(50)
    )
    frame = frame.with_columns(index_to=pl.col("index_from"))
    derived = dict.fromkeys(("risk", "lower", "upper"), "cases")
    days = ("index_from", "index_to")
    exact = Table(frame, dimensions=days, unshown=("cases",), derived=derived)
    title = change(release(exact, PRESETS["none"]), language).title
    apart = max(low for _, low, _ in rows) > min(high for _, _, high in rows)
    assert title.startswith(SAME[language]) == (not apart)


@pytest.mark.parametrize("language", LANGUAGES)
@FEW
@given(
    spent=st.floats(1e4, 5e6),
    savings=st.lists(st.floats(1.0, 3e6), min_size=1, max_size=4),
    low=st.floats(-0.5, 0.99),
    high=st.floats(1.01, 3.0),
)
def test_payers_add_up_to_the_last_row_as_they_are_written(
    language: Language, spent: float, savings: list[float], low: float, high: float
):
    rows = [row("undivided", spent, 0.0, low, high), *(row(f"p{i}", 0.0, s, low, high) for i, s in enumerate(savings))]
    rows.append(row("all", spent, sum(savings), low, high))
    *parts, last = adding_up(pl.DataFrame(rows), Numbers(language))
    for column in range(2):
        assert sum(value_of(part[column], language) for part in parts) == pytest.approx(
            value_of(last[column], language), abs=1e-9
        )


def row(payer: str, spent: float, saving: float, low: float, high: float) -> dict[str, object]:
    return {
        "payer": payer,
        "saving_sek": saving,
        "saving_lower": saving * low,
        "saving_upper": saving * high,
        "net_cost_sek": spent - saving,
        "net_cost_lower": spent - saving * high,
        "net_cost_upper": spent - saving * low,
    }


def value_of(written: str, language: Language) -> float:
    """Read a number as it is written, before its interval."""
    decimal, thousands = (",", "\u00a0") if language == "sv" else (".", ",")
    number = written.partition(" (")[0].replace("−", "-")
    return float(number.replace(thousands, "").replace(decimal, "."))


def test_totals_of_the_chosen_areas_are_the_plans_own(any_study: Study, published: Published, told: Told):
    frame = published.tables["plan_selected"].frame
    rounding = any_study.settings.rounding
    summary = published.tables["plan_summary"].frame
    for name, total in (("people", summary.filter(metric="averted")["people"].item()),
                        ("reached", summary.filter(metric="reached")["estimate"].item())):  # fmt: skip
        if total is not None and not frame[name].null_count():
            assert abs(frame[name].sum() - total) <= rounding * (frame.height + 1) / 2 + 0.005 * total
            last_row = told.grids["chosen"].html.partition("</table>")[0].rpartition("<tr>")[2]
            assert f">{told.context.numbers.number(total)}<" in last_row


def test_no_lead_over_another_strategy_is_told_whose_interval_spans_zero(published: Published, told: Told):
    frame = published.tables["plan_comparisons"].frame.drop_nulls("averted")
    found = told.figures.get("comparisons")
    if found is not None:
        best = frame.filter(pl.col("strategy") != "plan").sort("averted")[-1]
        assert bool(re.search(r"\d", found.title)) == (best["difference_lower"].item() > 0)
