"""What the fitted model has learnt: curves and ratios of features, which go together, and how stable reasons are.

In: `StudyData`, a `RiskModel` and the explanation of the target population. Out: an `Interpretation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Candidate
from riskstrat.disclosure import CellNoise, ProtectedRows, within
from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.errors.arguments import checked
from riskstrat.explanation import correlated_families, dependence, ratios, reason_stability
from riskstrat.explanation.correlated import STRONG
from riskstrat.explanation.dependence import main_features
from riskstrat.explanation.fold_models import explain_risk
from riskstrat.explanation.ratios import Linear
from riskstrat.numerics.groups import number_among, number_groups
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, normal_quantile
from riskstrat.recalibration import RecalibratedModel
from riskstrat.records.areas import AREA
from riskstrat.records.explanation import Explanation, Interpretation
from riskstrat.records.model import RiskModel
from riskstrat.study.data import StudyData
from riskstrat.study.models import estimator_of

SURROGATE = Candidate("Logistic")
"""What is refitted in the place of a model that is not linear."""

_ANY = 1e-9
"""Every pair is looked at, because noise decides which of them go together."""

Floats = NDArray[np.float64]


@checked
def interpret(data: StudyData, model: RiskModel, why: Explanation) -> Interpretation:
    """Say what the model has learnt of its features.

    Parameters
    ----------
    data
        What `prepare` returned.
    model
        What `fit` returned.
    why
        Contributions of the target population by the model's estimator.

    Returns
    -------
    Interpretation
        Curves of the main feature of each family; ratios where the model is linear; features that go together; and
        the stability of reasons where `Settings.reason_refits` asks for it.

    Examples
    --------
    >>> from riskstrat.explanation import explain
    >>> why = explain(model.estimator, data.target.X, data.families)
    >>> interpret(data, model, why).dependence["family"].unique(maintain_order=True).to_list()
    ['age_sex', 'living_conditions', 'health_care', 'area']
    """
    used = {name: data.families[name] for name in why.features}
    candidate = linear_candidate(model)
    refits = data.settings.reason_refits if "area" in data.splits else 0
    return Interpretation(
        dependence=_curves(data, why),
        ratios=_ratios(data, model) if candidate is model.candidate else None,
        correlated=_correlated(data, used),
        stability=_stability(data, model, candidate, why.family_names) if refits else None,
        refitted=candidate.label if refits else None,
    )


def linear_candidate(model: RiskModel) -> Candidate:
    """Give the model's own candidate, or what is refitted in its place where it is not linear."""
    return model.candidate if hasattr(model.estimator, "coefficients_") else SURROGATE


def _outcomes(data: StudyData) -> pl.DataFrame:
    """Frame of the rows that the model was fitted to: the features, person_id and had_outcome."""
    people, X = data.training.cohort.people, data.training.X
    known = people.select("person_id", had_outcome=pl.col("event") == 1)
    return X.drop("person_id", "index_date", strict=False).hstack(known).filter(people["assessed"])


def _curves(data: StudyData, why: Explanation) -> pl.DataFrame:
    outcomes, target = _outcomes(data), data.target
    rows = ProtectedRows.of(target.target.people, data.noise)
    curves = [dependence(why, target.X, name, outcomes, protected=rows) for name in main_features(why)]
    return pl.concat(curves).with_columns(link=pl.lit(why.link)) if curves else pl.DataFrame()


def _ratios(data: StudyData, model: RiskModel) -> pl.DataFrame:
    found, outcomes = ratios(cast("Linear", model.estimator), level=PUBLISHED_LEVEL), _outcomes(data)
    shown = found if data.noise is None else _protected_ratios(found, outcomes, data.noise)
    behind = _behind(outcomes, found.select("feature", "per").rows())
    return shown.hstack(pl.DataFrame(behind, schema=["case_persons", "other_persons"], orient="row"))


def _protected_ratios(found: pl.DataFrame, outcomes: pl.DataFrame, noise: CellNoise) -> pl.DataFrame:
    """Ratios, limits and steps with the noise of as much as one outcome, and one person, is to each."""
    people, had = (_key(frame) for frame in (outcomes, outcomes.filter("had_outcome")))
    purposes = found.select(pl.format("ratio {} {}", "term", "event")).to_series()
    drawn = pl.Series([noise.around_zero(within(had, people), purpose)[0] for purpose in purposes])
    error = (pl.col("upper") / pl.col("lower")).log() / (2 * normal_quantile(PUBLISHED_LEVEL))
    factor = (error / outcomes.filter("had_outcome").height ** 0.5 * drawn).exp()
    measured = pl.col("step") * (1 + drawn / outcomes.height)
    return found.with_columns(
        pl.col("estimate", "lower", "upper") * factor,
        step=pl.when(per="standard_deviation").then(measured).otherwise("step"),
    )


def _correlated(data: StudyData, used: Mapping[str, str]) -> pl.DataFrame:
    """Features that go together; with noise as large as the standard error of each correlation, which decides too."""
    X, noise = data.target.X, data.noise
    if noise is None:
        return correlated_families(X, used)
    found, people = correlated_families(X, used, strong=_ANY), _key(data.target.target.people)
    pairs = found.select(pl.format("correlation {} {}", "feature", "with_feature")).to_series()
    drawn = pl.Series([noise.around_zero(people, pair)[0] for pair in pairs], dtype=pl.Float64)
    correlation = pl.col("rank_correlation")
    moved = (correlation + (1 - correlation**2) / X.height**0.5 * drawn).clip(-1, 1)
    return found.with_columns(moved).filter(correlation.abs() >= STRONG)


def _key(people: pl.DataFrame) -> NDArray[np.uint64]:
    return np.asarray(person_keys(people["person_id"]).sum(keepdims=True, dtype=np.uint64))


def _behind(outcomes: pl.DataFrame, terms: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Count persons with and without the outcome whose value is not the middle one: they tell what the ratio is."""
    number, persons = number_groups(outcomes.select("person_id", "had_outcome"), outcomes.height)
    had, found = persons["had_outcome"].to_numpy(), []
    for differs in outcomes.select(_differs(*term).alias(str(at)) for at, term in enumerate(terms)):
        told = np.zeros(len(had), dtype=np.bool_)
        told[number[differs.to_numpy()]] = True
        found.append((int((told & had).sum()), int((told & ~had).sum())))
    return found


def _differs(features: str, per: str) -> pl.Expr:
    """Whether a value of any of the features is not the middle one."""
    columns = [pl.col(name) for name in features.split(", ")]
    values = [each.is_null().cast(pl.Float64) for each in columns] if per == "not_observed" else columns
    return pl.any_horizontal(each != each.median() for each in values).fill_null(value=False)


def _stability(data: StudyData, model: RiskModel, candidate: Candidate, families: tuple[str, ...]) -> pl.DataFrame:
    area = data.target.target.people[AREA]
    groups = area.drop_nulls().unique().sort()
    cell, rows = number_among(area, groups), ProtectedRows.of(data.target.target.people, data.noise)
    found = [
        rows.means(parts, cell, len(groups), name="reason")[0] - parts.mean(axis=0)
        for parts in _refitted_parts(data, model, candidate, families)
    ]
    return reason_stability(np.stack(found), groups.to_list(), families, level=PUBLISHED_LEVEL)


def _refitted_parts(
    data: StudyData, model: RiskModel, candidate: Candidate, families: tuple[str, ...]
) -> Iterator[Floats]:
    """Contributions of the target population by family, in units of risk, after each refit; absent families add 0."""
    training, X = data.training, data.target.X
    rng = np.random.default_rng(data.settings.seed)
    _, family = np.unique(training.family_id, return_inverse=True)
    for _ in range(data.settings.reason_refits):
        drawn = np.bincount(rng.integers(0, family.max() + 1, family.max() + 1), minlength=family.max() + 1)
        rows = np.repeat(np.arange(len(family)), drawn[family])
        estimator = estimator_of(data, candidate).fit(
            training.X[rows],
            training.cohort.outcome[rows],
            sample_weight=training.weight[rows],
            strata=training.landmark[rows],
            groups=family[rows],
        )
        refitted = RecalibratedModel(estimator=estimator, recalibration=model.recalibration)
        why = explain_risk({0: refitted}, np.zeros(X.height, dtype=np.intp), X, data.families)
        parts = dict(zip(why.families, why.contributions.T, strict=True))
        yield np.column_stack([parts.get(name, np.zeros(X.height)) for name in families])
