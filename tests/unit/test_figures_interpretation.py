"""Curves and ratios say what their released tables say, in both languages, and never speak of causes."""

from __future__ import annotations

import polars as pl
import pytest

from riskstrat.disclosure import PRESETS, Disclosure, Released, Table, release
from riskstrat.figures import Figure, Language, dependence_curve, ratio_forest

RULE = Disclosure(rounding=1, protection="none")
FOUND = ("mean_difference", "spread", "ratio")


def curve(rows: list[tuple[float | None, float | None, float | None, float]], link: str = "logit") -> Released:
    """Rows of value, lower and upper edge and mean difference."""
    columns = ["value", "lower_edge", "upper_edge", "mean_difference"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row").with_columns(
        feature=pl.lit("x"),
        bin=pl.int_range(1, len(rows) + 1),
        spread=pl.lit(0.1),
        ratio=pl.col("mean_difference").exp().round_sig_figs(2),
        link=pl.lit(link),
        people=pl.lit(90),
    )
    table = Table(
        frame,
        dimensions=("feature", "bin"),
        public=("value", "lower_edge", "upper_edge", "link"),
        unshown=("people",),
        derived=dict.fromkeys(FOUND, "people"),
    )
    return release(table, PRESETS["none"])


AGE = [(None, None, 65.0, -0.5), (None, 65.0, 72.5, 0.0), (None, 72.5, None, 0.6), (None, None, None, 0.1)]


def test_bins_are_named_by_their_edges():
    swedish, english = (
        dependence_curve(curve(AGE), "x", "ålder" if one == "sv" else "age", one) for one in ("sv", "en")
    )
    assert swedish.title == "Ålder: beräknad risk är högst i gruppen 72,5 eller mer"
    assert swedish.sentence == (
        "Odds för utfallet efter ålder, som antal gånger genomsnittets: under 65: 0,61, 65 till under 72,5: 1,0, "
        "72,5 eller mer: 1,8 och uppgift saknas: 1,1. Det är samband som modellen har lärt sig, inte orsaker."
    )
    assert english.title == "Age: the predicted risk is highest in the group 72.5 or more"
    assert "below 65: 0.61, 65 to below 72.5: 1.0, 72.5 or more: 1.8 and not observed: 1.1." in english.sentence


def test_a_feature_of_0_and_1_is_no_and_yes_and_another_value_is_its_number():
    yes = dependence_curve(curve([(0.0, None, 1.0, -0.1), (1.0, 1.0, None, 0.5)]), "x", "rökning")
    assert yes.title == "Rökning: beräknad risk är högst i gruppen ja"
    level = dependence_curve(curve([(2.0, None, 3.0, 0.4), (3.0, 3.0, None, -0.5)]), "x", "utbildning")
    assert level.title.endswith("i gruppen 2")


def test_a_count_is_not_told_as_yes_and_no():
    visits = [(0.0, None, 1.0, -0.1), (1.0, 1.0, 2.0, 0.2), (None, 2.0, None, 0.5)]
    told = dependence_curve(curve(visits), "x", "besök").sentence
    assert "0: 0,90, 1: 1,2 och 2 eller mer: 1,6." in told


def test_a_feature_that_hardly_matters_is_told_as_that():
    flat = dependence_curve(curve([(0.0, None, 1.0, -0.02), (1.0, 1.0, None, 0.02)]), "x", "rökning")
    assert flat.title == "Rökning gör liten skillnad i beräkningen"


def test_on_the_scale_of_hazards_no_odds_are_told():
    hazard = dependence_curve(curve(AGE, "cloglog"), "x", "ålder")
    assert hazard.sentence.startswith("Hasard för utfallet")
    assert "dds" not in hazard.alternative


def test_all_withheld_is_said():
    assert dependence_curve(curve(AGE), "another", "ålder").title == "Ålder: för få personer för att visas"


def forest(rows: list[tuple], *, penalised: bool = False) -> Released:
    """Rows of feature, event, per, step, estimate, lower and upper."""
    schema = {"feature": pl.String, "event": pl.Int64, "per": pl.String}
    schema |= dict.fromkeys(("step", "estimate", "lower", "upper"), pl.Float64)
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        term="feature", kind=pl.lit("hazard_ratio"), penalised=pl.lit(penalised), cases=pl.lit(90)
    )
    found = ("step", "estimate", "lower", "upper")
    table = Table(
        frame,
        dimensions=("term", "event"),
        public=("feature", "kind", "per", "penalised"),
        unshown=("cases",),
        derived=dict.fromkeys(found, "cases"),
    )
    return release(table, RULE)


RATIOS = [
    ("smokes", 1, "category", 1.0, 2.1, 1.6, 2.8),
    ("income", 1, "standard_deviation", 120_000.0, 0.8, 0.7, 0.9),
    ("visits", 1, "doubling", 2.0, 1.1, 0.9, 1.3),
    ("bmi", 1, "not_observed", 1.0, 1.2, 1.1, 1.4),
    ("age_years", 1, "curve", None, None, None, None),
    ("smokes", 2, "category", 1.0, 1.3, 1.1, 1.5),
]


@pytest.mark.parametrize(
    ("language", "title", "told"),
    [
        (
            "sv",
            "Hasardkvoter: 3 av 4 ligger tydligt över eller under 1",
            "rökning: ja mot nej: 2,1 (1,6–2,8); bmi: uppgift saknas: 1,20 (1,10–1,40); visits: dubbelt så mycket",
        ),
        (
            "en",
            "Hazard ratios: 3 of 4 are clearly above or below 1",
            "rökning: yes against no: 2.1 (1.6–2.8); bmi: not",
        ),
    ],
)
def test_ratios_are_told_by_size_with_what_they_are_for(language: Language, title: str, told: str):
    figure = ratio_forest(forest(RATIOS), {"smokes": "rökning"}, language)
    assert figure.title == title
    assert told in figure.sentence
    assert ("inte orsaker" if language == "sv" else "not causes") in figure.sentence
    assert "age" not in figure.sentence


def test_the_competing_event_has_its_own():
    assert ratio_forest(forest(RATIOS), {}, "en", event=2).sentence.count("(") == 1


def test_a_penalty_is_told_with_what_the_interval_is():
    assert "dragna mot 1" in ratio_forest(forest(RATIOS, penalised=True), {}).sentence
    assert "dragna mot 1" not in ratio_forest(forest(RATIOS), {}).sentence


def test_without_intervals_none_is_called_clear():
    unbounded = forest([("smokes", 1, "category", 1.0, 2.1, None, None)])
    assert ratio_forest(unbounded, {}, "en").title == "Hazard ratios without intervals"


def test_only_the_farthest_from_one_are_drawn():
    assert [row["label"] for row in _values(ratio_forest(forest(RATIOS), {}, "en", most=2))] == [
        "smokes: yes against no",
        "income: a standard deviation (120,000) more",
    ]


def _values(figure: Figure) -> list[dict]:
    (rows,) = figure.specification["datasets"].values()
    return rows


def test_both_can_be_drawn():
    for figure in (dependence_curve(curve(AGE), "x", "age", "en"), ratio_forest(forest(RATIOS), {}, "en")):
        assert figure.png(width_px=200).startswith(b"\x89PNG")
