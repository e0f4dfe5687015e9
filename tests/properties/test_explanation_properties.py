"""Sums that must be exact for every model, population and posterior."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decomposition import decompose_groups
from riskstrat.explanation import ExplainedRisk, reasons
from riskstrat.explanation.groups import part_draws
from riskstrat.explanation.risk_scale import on_risk_scale
from riskstrat.numerics.links import CLOGLOG, LOGIT, Link
from riskstrat.recalibration import InTheLarge, RecalibratedLink
from riskstrat.records.explanation import FAMILIES, Explanation

# Seed, people, groups and the scale on which models and recalibrations are additive.
sizes = st.tuples(st.integers(0, 10_000), st.integers(4, 60), st.integers(1, 6), st.sampled_from([LOGIT, CLOGLOG]))


def population(
    seed: int, n: int, groups: int, link: Link
) -> tuple[np.ndarray, list[str], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """theta, group names, labels, risks, contributions in units of risk and baseline risks; fold models differ.

    Risks are recalibrated on the logit scale, whatever the link of the models.
    """
    random = np.random.default_rng(seed)
    names = [f"area {number}" for number in range(groups)]
    labels = random.choice(names, n)
    baseline = random.normal(-2, 0.1, groups)[np.unique(labels, return_inverse=True)[1]]
    values = random.normal(0, random.choice([1e-6, 0.5, 3]), (n, len(FAMILIES)))
    recalibrated = RecalibratedLink(link=link, recalibration=InTheLarge(shift=random.normal(), standard_error=0.1))
    risk = recalibrated.inverse(baseline + values.sum(axis=1))
    theta = random.gamma(10, 0.1, (25, groups))
    return (
        theta,
        names,
        labels,
        risk,
        on_risk_scale(values, baseline, risk, recalibrated),
        recalibrated.inverse(baseline),
    )


@given(sizes)
@settings(deadline=None)
def test_families_sum_to_the_risk_minus_the_baseline_risk(size: tuple[int, int, int, Link]) -> None:
    _, _, _, risk, contributions, baseline_risk = population(*size)
    np.testing.assert_allclose(contributions.sum(axis=1), risk - baseline_risk, atol=1e-12)


@given(sizes)
@settings(deadline=None)
def test_parts_sum_to_the_group_minus_the_municipality_in_every_draw(size: tuple[int, int, int, Link]) -> None:
    theta, names, labels, risk, contributions, baseline_risk = population(*size)
    why = ExplainedRisk(risk=risk, contributions=contributions, families=FAMILIES, baseline_risk=baseline_risk)
    frame = decompose_groups(theta, names, labels, why=why)
    present = [name for name in names if (labels == name).any()]
    means = np.array([risk[labels == name].mean() for name in present])
    share = np.array([(labels == name).mean() for name in present])
    columns = [names.index(name) for name in present]
    group_risk = theta[:, columns] * means
    difference = group_risk - (group_risk @ share)[:, None]
    sizes = np.array([(labels == name).sum() for name in present])
    parts = np.array([contributions[labels == name].mean(axis=0) for name in present])
    rest = part_draws(group_risk, sizes, parts)[:, :, -1]
    for number, name in enumerate(present):
        families = frame.filter(pl.col("group") == name, pl.col("part").is_in(FAMILIES))["estimate"].sum()
        np.testing.assert_allclose(families + rest[:, number], difference[:, number], atol=1e-12)
        whole = frame.filter(group=name)["estimate"].sum()
        assert whole == pytest.approx(difference[:, number].mean(), abs=1e-12)


@given(sizes)
@settings(deadline=None)
def test_weighted_by_people_every_part_sums_to_nothing(size: tuple[int, int, int, Link]) -> None:
    theta, names, labels, risk, contributions, baseline_risk = population(*size)
    why = ExplainedRisk(risk=risk, contributions=contributions, families=FAMILIES, baseline_risk=baseline_risk)
    frame = decompose_groups(theta, names, labels, why=why)
    people = pl.DataFrame({"group": labels}).group_by("group").len()
    sums = frame.join(people, on="group").group_by("part").agg((pl.col("estimate") * pl.col("len")).sum())
    np.testing.assert_allclose(sums["estimate"], 0, atol=1e-10)


@given(sizes)
@settings(deadline=None)
def test_the_order_of_people_changes_nothing(size: tuple[int, int, int, Link]) -> None:
    theta, names, labels, risk, contributions, baseline_risk = population(*size)
    order = np.random.default_rng(size[0]).permutation(len(risk))
    frames = [
        decompose_groups(
            theta,
            names,
            labels[rows],
            why=ExplainedRisk(
                risk=risk[rows],
                contributions=contributions[rows],
                families=FAMILIES,
                baseline_risk=baseline_risk[rows],
            ),
        )
        for rows in (np.arange(len(risk)), order)
    ]
    assert frames[0].select("group", "part").equals(frames[1].select("group", "part"))
    np.testing.assert_allclose(frames[0]["estimate"], frames[1]["estimate"], atol=1e-12)


@given(sizes)
@settings(deadline=None)
def test_groups_and_families_of_an_explanation_sum_up(size: tuple[int, int, int, Link]) -> None:
    seed, n, groups, _ = size
    random = np.random.default_rng(seed)
    families = tuple(random.choice([*FAMILIES, "other"], 7))
    values, labels = random.normal(size=(n, 7)), random.choice([f"area {number}" for number in range(groups)], n)
    why = Explanation(values=values, baseline=-2.0, features=tuple("abcdefg"), families=families, link="logit")
    np.testing.assert_allclose(why.by_family().sum(axis=1), values.sum(axis=1), atol=1e-12)
    frame = why.by_group(labels)
    for name in np.unique(labels):
        expected = values[labels == name].sum(axis=1).mean() - values.sum(axis=1).mean()
        assert frame.filter(group=str(name))["mean_difference"].sum() == pytest.approx(expected, abs=1e-12)
    found = reasons(why, labels == labels[0], top=7)
    strength = found["mean_difference"].abs().to_list()
    assert strength == sorted(strength, reverse=True)
