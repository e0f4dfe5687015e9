from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from decomposition import decompose_groups
from riskstrat.explanation import UNEXPLAINED, ExplainedRisk
from riskstrat.explanation.groups import SUMS, PartMeans, part_draws
from riskstrat.explanation.risk_scale import on_risk_scale
from riskstrat.numerics.links import LOGIT

THETA = np.array([[1.0, 1.5], [0.8, 1.1], [1.2, 1.3]])


def explained(
    contributions: np.ndarray, families: tuple[str, ...], baseline_risk: float | np.ndarray = 0.1
) -> ExplainedRisk:
    baseline = np.broadcast_to(baseline_risk, len(contributions))
    return ExplainedRisk(
        risk=baseline + contributions.sum(axis=1),
        baseline_risk=baseline,
        contributions=contributions,
        families=families,
    )


def example(baseline_risk: float | np.ndarray = 0.1) -> pl.DataFrame:
    contributions = np.array([[0.02, -0.01], [0.00, -0.01], [0.10, 0.03], [0.04, 0.01]])
    return decompose_groups(
        THETA,
        ["north", "south"],
        ["north", "north", "south", "south"],
        why=explained(contributions, ("age_sex", "area"), baseline_risk),
        level=0.5,
    )


def test_the_worked_example() -> None:
    found = example()
    south = dict(found.filter(group="south").select("part", "estimate").rows())
    # Means over the group minus means over everybody.
    assert south["age_sex"] == pytest.approx(0.07 - 0.04)
    assert south["area"] == pytest.approx(0.02 - 0.005)
    # theta averages 1 in the north and 1.3 in the south; mean risks are 0.10 and 0.19, half of the people each.
    assert south[UNEXPLAINED] == pytest.approx(0.3 * 0.19 / 2)
    assert found["part"].to_list() == ["age_sex", "area", UNEXPLAINED] * 2


def test_only_the_unexplained_part_has_an_interval() -> None:
    found = example().filter(group="south")
    assert found.filter(pl.col("part") != UNEXPLAINED)["lower"].to_list() == [None, None]
    rest = 0.5 * ((THETA[:, 1] - 1) * 0.19 - (THETA[:, 0] - 1) * 0.10)
    row = found.filter(part=UNEXPLAINED).row(0, named=True)
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(np.quantile(rest, [0.25, 0.75])))


def test_what_differs_between_fold_models_baselines_is_unexplained() -> None:
    same = dict(example().filter(group="south").select("part", "estimate").rows())
    folds = dict(example(np.array([0.10, 0.10, 0.12, 0.12])).filter(group="south").select("part", "estimate").rows())
    assert folds["age_sex"] == pytest.approx(same["age_sex"])
    # 0.01 of baseline over the mean of both groups, and theta on a mean risk that is 0.02 higher.
    assert folds[UNEXPLAINED] - same[UNEXPLAINED] == pytest.approx(0.01 + 0.3 * 0.02 / 2)


REFITS = np.array([[[0.02, 0.01], [0.06, 0.02]], [[0.01, 0.01], [0.07, 0.02]], [[0.02, 0.02], [0.05, 0.01]],
                   [[0.01, 0.00], [0.08, 0.03]], [[0.02, 0.01], [0.06, 0.02]]])  # fmt: skip


def test_parts_sum_to_the_difference_in_every_draw_also_where_families_vary() -> None:
    risk, people = THETA * [0.10, 0.19], np.array([30, 10])
    contributions = np.array([[0.015, 0.01], [0.065, 0.02]])
    draws = part_draws(risk, people, contributions, REFITS)
    whole = risk - (risk @ people / 40)[:, None]
    np.testing.assert_allclose(draws.sum(axis=2), whole, atol=1e-15)
    np.testing.assert_allclose(draws.mean(axis=0)[:, :2], contributions - people @ contributions / 40, atol=1e-15)
    # Weighted by people every part sums to nothing, in every draw.
    np.testing.assert_allclose(np.tensordot(draws, people, axes=(1, 0)), 0, atol=1e-15)


def test_families_vary_as_the_jackknife_says() -> None:
    people, contributions = np.array([20, 20]), REFITS.mean(axis=0)
    draws = part_draws(np.ones((40_000, 2)), people, contributions, REFITS)
    difference = (REFITS[:, 1] - REFITS[:, 0]) / 2
    jackknife = 0.8 * ((difference - difference.mean(axis=0)) ** 2).sum(axis=0)
    # A t of 4 degrees of freedom has twice the variance of a normal.
    np.testing.assert_allclose(draws[:, 1, :2].var(axis=0), 2 * jackknife, rtol=0.15)


def test_families_have_intervals_where_refits_are_enough() -> None:
    def found(refits: np.ndarray) -> pl.DataFrame:
        return decompose_groups(
            THETA,
            ["north", "south"],
            ["north", "south"],
            why=explained(np.array([[0.0, 0.0], [0.08, 0.02]]), ("age_sex", "area")),
            refits=refits,
        )

    bounded = found(REFITS).filter(group="south", part="age_sex").row(0, named=True)
    assert bounded["lower"] < bounded["estimate"] < bounded["upper"]
    assert found(REFITS[:4]).filter(part="age_sex")["lower"].to_list() == [None, None]


@pytest.mark.parametrize("refits", [0, 8])
def test_area_and_living_conditions_are_also_told_as_one_part_draw_by_draw(refits: int) -> None:
    again = 0.1 * np.random.default_rng(1).standard_normal((refits, 2, 3)) if refits else None
    means = PartMeans(
        families=("age_sex", "living_conditions", "area"),
        parts=np.array([[0.1, 0.2, 0.3], [0.0, 0.0, 0.0]]),
        refits=again,
    )
    risk = np.array([[0.5, 0.1], [0.7, 0.1]])
    found = means.split(risk, np.array([1, 1]), ["a", "b"]).filter(group="a")
    assert found["part"].to_list() == [*means.families, UNEXPLAINED, *SUMS]
    told = found.row(by_predicate=pl.col("part") == "living_conditions_and_area", named=True)
    draws = part_draws(risk, np.array([1, 1]), means.parts, again)[:, 0, 1:3].sum(axis=1)
    assert told["estimate"] == pytest.approx(draws.mean()) == pytest.approx(0.25)
    bounds = [*np.quantile(draws, [0.025, 0.975])] if refits else [None, None]
    assert [told["lower"], told["upper"]] == (pytest.approx(bounds) if refits else bounds)


def test_without_both_families_nothing_is_told_of_them_together() -> None:
    means = PartMeans(families=("area",), parts=np.array([[0.1], [0.0]]))
    found = means.split(np.array([[0.5, 0.1]]), np.array([1, 1]), ["a", "b"])
    assert found.filter(group="a")["part"].to_list() == ["area", UNEXPLAINED, "beyond_age_sex", "total"]


def test_the_limit_where_a_person_has_the_baseline_risk() -> None:
    values = np.array([[0.3, -0.3], [0.3, -0.3 + 1e-7]])
    risk = 1 / (1 + np.exp(1.0 - values.sum(axis=1)))
    start = 1 / (1 + np.exp(1.0))
    found = on_risk_scale(values, -1.0, risk, LOGIT)
    np.testing.assert_allclose(found[0], np.array([0.3, -0.3]) * start * (1 - start), rtol=1e-12)
    np.testing.assert_allclose(found[1], found[0], atol=1e-7)
    assert found[0].sum() == 0


def test_each_family_keeps_its_share_of_the_logit() -> None:
    found = on_risk_scale(np.array([[2.0, 1.0]]), -3.0, np.array([0.5]), LOGIT)
    assert found[0, 0] / found[0, 1] == pytest.approx(2.0)
    assert found.sum() == pytest.approx(0.5 - 1 / (1 + np.exp(3.0)))
