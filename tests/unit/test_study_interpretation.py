"""What a study says of its model: curves, ratios, pairs and the stability of reasons; and what of it may leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from riskstrat.declare import Candidate
from riskstrat.disclosure import CellNoise
from riskstrat.errors import UsageError
from riskstrat.estimators import Boosting
from riskstrat.explanation import explain, reason_stability
from riskstrat.explanation.correlated import STRONG
from riskstrat.publication import publish
from riskstrat.records.explanation import Interpretation
from riskstrat.records.model import RiskModel
from riskstrat.records.study import Study
from riskstrat.reports.context import report_context
from riskstrat.reports.interpretation import interpretation
from riskstrat.study import StudyData, interpret

REFITS = 12
COUNTS = {"people", "case_persons", "other_persons", "everybody"}


@pytest.fixture(scope="module")
def data(municipality_steps: dict[str, object]) -> StudyData:
    whole = municipality_steps["data"]
    return replace(whole, settings=replace(whole.settings, reason_refits=REFITS))


@pytest.fixture(scope="module")
def found(data: StudyData, municipality_steps: dict[str, object]) -> Interpretation:
    model = municipality_steps["model"]
    return interpret(data, model, explain(model.estimator, data.target.X, data.families))


def test_each_family_has_a_curve_of_bins_that_describe_people(found: Interpretation, data: StudyData):
    per_family = found.dependence.group_by("family").agg(pl.col("feature").n_unique(), pl.col("people").sum())
    assert per_family["feature"].to_list() == [1] * per_family.height
    assert set(per_family["family"]) <= set(data.families.values())
    assert per_family["people"].max() <= data.target.X.height
    inner = found.dependence.filter(pl.any_horizontal(pl.col("value", "lower_edge", "upper_edge").is_not_null()))
    assert inner["people"].min() >= 20
    assert inner.select("case_persons", "other_persons").min_horizontal().min() >= 5


def test_ratios_tell_whose_values_they_come_from(found: Interpretation, data: StudyData):
    by_term = found.ratios.rows_by_key("term", named=True, unique=True)
    people = data.training.cohort.people.filter("assessed")
    men = data.training.X.filter(data.training.cohort.people["assessed"])["sex_male"] == 1
    rarer = men if men.sum() * 2 <= len(men) else ~men
    had = people.filter(rarer & (people["event"] == 1))["person_id"].n_unique()
    assert by_term["sex_male"]["case_persons"] == had
    assert found.ratios["penalised"].all()


def test_stability_is_of_refits_of_the_own_model_where_it_is_linear(found: Interpretation, data: StudyData):
    assert found.refitted == "Logistic"
    areas = data.target.target.people["area_id"].drop_nulls().n_unique()
    assert found.stability["group"].n_unique() == areas
    sums = found.stability.group_by("group").agg(pl.col("largest_share", "top_share").sum())
    assert sums["largest_share"].max() <= 1 + 1e-9
    assert (sums["top_share"] >= sums["largest_share"] - 1e-9).all()
    assert found.stability["largest_share"].n_unique() > 2  # refits differ
    inside = pl.col("share_of_reasons").is_between("share_of_reasons_lower", "share_of_reasons_upper")
    assert found.stability.select(inside.mean()).item() > 0.9


def test_a_model_of_trees_has_curves_but_no_ratios_and_a_linear_one_in_its_place(
    data: StudyData, municipality_steps: dict[str, object]
):
    trees = Boosting(horizon_days=data.condition.horizon_days, max_iter=5, folds=0)
    trees.fit(data.training.X, data.training.cohort.outcome)
    model: RiskModel = replace(municipality_steps["model"], estimator=trees, candidate=Candidate("Boosting"))
    few = replace(data, settings=replace(data.settings, reason_refits=10))
    found = interpret(few, model, explain(trees, data.target.X, data.families))
    assert found.ratios is None
    assert found.refitted == "Logistic"
    assert not found.dependence.is_empty()


def test_without_refits_nothing_is_said_of_stability(municipality_study: Study):
    assert municipality_study.interpretation.stability is None
    assert municipality_study.interpretation.refitted is None


def test_what_leaves_has_no_counts_and_few_digits(municipality_study: Study, found: Interpretation):
    tables = publish(replace(municipality_study, interpretation=found)).tables
    shown = {name: tables[name].frame for name in ("dependence", "ratios", "reason_stability")}
    assert not COUNTS & {column for frame in shown.values() for column in frame.columns}
    numbers = shown["dependence"].drop_nulls("ratio").select("mean_difference", "spread", "ratio")
    assert numbers.height
    two = pl.exclude("ratio").round_sig_figs(2)
    assert numbers.equals(numbers.select(two, pl.col("ratio").round_sig_figs(3)))
    shares = shown["reason_stability"]["largest_share"].drop_nulls()
    assert set(shares.round(2)) <= {round(0.05 * step, 2) for step in range(1, 20)}


def test_a_bin_or_a_ratio_of_few_is_withheld(municipality_study: Study, found: Interpretation):
    few = replace(
        found,
        dependence=found.dependence.with_columns(people=pl.when(pl.col("bin") == 1).then(12).otherwise("people")),
        ratios=found.ratios.with_columns(case_persons=pl.lit(1)),
    )
    tables = publish(replace(municipality_study, interpretation=few)).tables
    assert tables["dependence"].frame.filter(bin=1)["ratio"].null_count() == few.dependence.filter(bin=1).height
    assert tables["ratios"].frame.select("estimate", "lower", "upper", "step").drop_nulls().is_empty()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_method_shows_curves_and_ratios_and_says_that_they_are_no_causes(
    municipality_study: Study, found: Interpretation, language: str
):
    pair = pl.DataFrame(
        [("sex_male", "age_sex", "lives_alone", "living_conditions", 0.9)], schema=found.correlated.schema, orient="row"
    )
    published = publish(replace(municipality_study, interpretation=replace(found, correlated=pair)))
    blocks = list(interpretation(report_context(published, language)))
    assert [block.key for block in blocks if hasattr(block, "charts")] == ["dependence", "ratios"]
    told = " ".join(block.text for block in blocks if hasattr(block, "text"))
    assert ("inte vad som skulle hända" if language == "sv" else "do not say what would happen") in told


def test_reasons_that_always_lead_are_stable_and_none_leads_where_nothing_raises():
    differences = np.tile([[0.02, 0.01, -0.1], [-0.01, -0.02, 0.0]], (10, 1, 1))
    found = reason_stability(differences, ["a", "b"], ["x", "y", "z"])
    assert found.filter(group="a").select("largest_share", "top_share").rows() == [(1, 1), (0, 1), (0, 0)]
    assert found.filter(group="b")["largest_share"].sum() == 0
    assert found.filter(group="a")["share_of_reasons"].to_list() == pytest.approx(
        [0.02 / 0.13, 0.01 / 0.13, -0.1 / 0.13]
    )


def test_too_few_refits_and_other_shapes_are_refused_at_once():
    with pytest.raises(UsageError, match=r"shape \(3, 1, 2\)(.|\n)*3 refits"):
        reason_stability(np.zeros((3, 1, 2)), ["a"], ["x"])


def noisy_interpretations(data: StudyData, model: RiskModel, secrets: int) -> list[Interpretation]:
    """Interpret the same model under several secrets."""
    why = explain(model.estimator, data.target.X, data.families)
    once = replace(data, settings=replace(data.settings, reason_refits=0))
    noises = [CellNoise(b"%020d" % number) for number in range(secrets)]
    return [interpret(replace(once, noise=noise), model, why) for noise in noises]


def test_ratios_have_the_noise_of_one_outcome_and_steps_that_of_one_person(
    data: StudyData, municipality_steps: dict[str, object]
):
    """A coefficient is no count: what one outcome is to it is its standard error over the root of their number."""
    model = municipality_steps["model"]
    once = replace(data, noise=None, settings=replace(data.settings, reason_refits=0))
    exact = interpret(once, model, explain(model.estimator, data.target.X, data.families))
    noisy = noisy_interpretations(data, model, 40)
    known = exact.ratios["estimate"].is_not_null() & (exact.ratios["upper"] > exact.ratios["lower"])
    of_one = exact.ratios.filter(known).select((pl.col("upper") / pl.col("lower")).log() / (2 * 1.6448536)).to_series()
    of_one /= data.training.cohort.people.filter("assessed")["event"].sum() ** 0.5
    for name in ("estimate", "lower", "upper"):
        logs = np.log([one.ratios.filter(known)[name].to_numpy() for one in noisy])
        assert 1.0 < (logs.std(axis=0) / of_one.to_numpy()).mean() < 2.0
    per_deviation = exact.ratios["per"] == "standard_deviation"
    steps = np.array([one.ratios.filter(per_deviation)["step"].to_numpy() for one in noisy])
    assert (steps.std(axis=0) > 0).all()


def test_noise_decides_which_features_go_together(data: StudyData, municipality_steps: dict[str, object]):
    """That a pair is there would otherwise tell on which side of the limit it lies exactly."""
    model, family = municipality_steps["model"], data.families
    used = explain(model.estimator, data.target.X, family).features
    one, other = next((a, b) for a in used for b in used if family[a] != family[b])
    near, X = np.random.default_rng(4), data.target.X
    first = near.standard_normal(X.height)
    second = first + 0.715 * near.standard_normal(X.height)  # ranks correlate about as much as the limit
    target = replace(data.target, X=X.with_columns(pl.Series(one, first), pl.Series(other, second)))
    found = [each.correlated for each in noisy_interpretations(replace(data, target=target), model, 12)]
    both = pl.all_horizontal(pl.col("feature", "with_feature").is_in([one, other]))
    of_pair = [each.filter(both)["rank_correlation"].to_list() for each in found]
    assert len({tuple(each) for each in of_pair}) > 1
    assert 0 < sum(map(len, of_pair)) < len(found)
    assert all((each["rank_correlation"].abs() >= STRONG).all() for each in found)
