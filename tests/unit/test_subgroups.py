"""Subgroups of a condition: how people are divided, what is refused, and that studies are checked by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from riskstrat import conditions
from riskstrat.declare import Condition, LocalisedText, Subgroup
from riskstrat.errors import UsageError
from riskstrat.figures import subgroups

LABEL = LocalisedText(en="level", sv="nivå")


def labels(values: list[float | None], **how: object) -> list[str | None]:
    X = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float32)})
    return X.select(Subgroup(name="level", column="x", label=LABEL, **how).labels())["level"].to_list()


def test_quantiles_are_of_those_with_a_value_and_equal_values_stay_together():
    assert labels([5, 1, None, 3, 2, 4], quantiles=5) == ["5", "1", None, "3", "2", "4"]
    assert labels([1, 1, 1, 9], quantiles=2) == ["1", "1", "1", "2"]
    random = np.random.default_rng(0).normal(size=1000).tolist()
    assert set(pl.Series(labels(random, quantiles=5)).value_counts()["count"]) == {200}


def test_cuts_begin_new_groups_and_single_values_are_groups():
    assert labels([2, 3, None, 4.5, 5], cuts=(3, 5)) == ["1", "2", None, "2", "3"]
    assert labels([0, 1, None]) == ["0", "1", None]


def test_cuts_rise_and_stand_alone():
    with pytest.raises(UsageError, match="cuts must rise"):
        Subgroup(name="level", column="x", cuts=(5, 3), label=LABEL)
    with pytest.raises(UsageError, match="quantiles or cuts"):
        Subgroup(name="level", column="x", cuts=(3,), quantiles=5, label=LABEL)


def test_the_reference_is_declared_or_the_first_of_the_declared_values():
    values = (("1", LABEL), ("0", LABEL))
    assert Subgroup(name="level", column="x", label=LABEL, values=values).compared_with == "1"
    assert Subgroup(name="level", column="x", label=LABEL, values=values, reference="0").compared_with == "0"
    assert Subgroup(name="level", column="x", label=LABEL, quantiles=5).compared_with is None
    for how in ({"quantiles": 5}, {"cuts": (1, 2)}, {"values": values}):
        with pytest.raises(UsageError, match="no group of level '7'; expected one of"):
            Subgroup(name="level", column="x", label=LABEL, reference="7", **how)


def test_a_subgroup_of_no_feature_is_refused_with_the_nearest_name():
    frailty = conditions.load("frailty")
    wrong = Subgroup(name="income", column="latest_circumstances_disposable_income_sek_3", label=LABEL)
    with pytest.raises(UsageError, match="latest_circumstances_disposable_income_sek_3y"):
        replace(frailty, subgroups=(wrong,))
    with pytest.raises(UsageError, match="the same name: education"):
        replace(frailty, subgroups=(frailty.subgroups[0], frailty.subgroups[0]))
    assert Condition.from_json(frailty.to_json()) == frailty


@pytest.mark.parametrize("name", ["childhood_obesity", "early_cvd", "frailty"])
def test_shipped_conditions_are_checked_by_what_sets_people_apart(name: str):
    asked = {"education", "income_quintile", "born_outside_europe", "deprivation_quintile"}
    assert {one.name for one in conditions.load(name).subgroups} == asked


@pytest.mark.parametrize(("upper", "title"), [(0.95, "I 1 av 2 grupper"), (1.1, "I ingen grupp")])
def test_the_figure_of_groups_says_whether_any_clearly_differs(upper: float, title: str):
    frame = pl.DataFrame(
        {
            "metric": ["observed_expected", "observed_expected", "auc", "observed_expected"],
            "group": ["a", "b", "b", "c"],
            "estimate": [1.0, 0.8, 0.7, None],
            "lower": [0.9, 0.7, 0.6, None],
            "upper": [1.1, upper, 0.8, None],
        }
    )
    drawn = subgroups(frame, {"b": "B", "a": "A", "c": "C"}, "sv")
    assert drawn.title.startswith(title)
    assert "B: 0,8" in drawn.sentence
