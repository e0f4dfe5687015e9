"""Scores as declarations, and the Hospital Frailty Risk Score of small frames."""

import numpy as np
import polars as pl
import pytest

from riskstrat.codes import frailty_risk_band, hfrs, score, score_points, scores
from riskstrat.errors import ContractError, UsageError


def test_hfrs_is_declared_in_full():
    points = dict(score_points("hfrs"))
    assert len(points) == 109
    assert sum(points.values()) == pytest.approx(173.2)
    assert min(points.values()) == 0.1
    assert max(points.values()) == 7.1


def test_every_score_names_its_items_once_and_its_source():
    for name in scores():
        found = score(name)
        assert len({item.name for item in found.items}) == len(found.items)
        assert found.name == name
        assert all((found.source, found.title_en, found.title_sv))


def test_codes_belong_to_items_by_prefix():
    hfrs_items = score("hfrs").items
    pairs = score("hfrs").pairs(["F001", "f00.9", "S720", "I10", "W19-P", None])
    assert {code: hfrs_items[item].name for code, item in pairs} == {
        "F001": "F00",
        "f00.9": "F00",
        "S720": "S72",
        "W19-P": "W19",
    }


def test_total_is_the_points_of_the_items_present():
    present = np.zeros((3, 109), dtype=bool)
    names = [item.name for item in score("hfrs").items]
    present[1, [names.index("F00"), names.index("W19")]] = True
    present[2] = True
    assert score("hfrs").total(present).tolist() == [0.0, 10.3, 173.2]


def test_a_person_counts_each_category_once_and_nobody_is_lost():
    rows = pl.DataFrame(
        {"person_id": [3, 1, 1, 1, 2, 4], "code": ["R54", "F001", "F00", "W190", "I109", None]},
        schema={"person_id": pl.Int64, "code": pl.String},
    )
    assert hfrs(rows).rows() == [(1, 10.3), (2, 0.0), (3, 2.2), (4, 0.0)]
    assert hfrs(rows.with_columns(pl.col("code").cast(pl.Categorical))).equals(hfrs(rows))
    assert hfrs(rows.reverse()).equals(hfrs(rows))


def test_no_rows_give_no_persons():
    empty = pl.DataFrame(schema={"person_id": pl.Int64, "code": pl.String})
    assert hfrs(empty).schema == {"person_id": pl.Int64, "hfrs": pl.Float64}
    assert hfrs(empty).is_empty()


def test_missing_columns_are_named_together():
    with pytest.raises(ContractError) as refused:
        hfrs(pl.DataFrame({"id": [1]}))
    assert [problem.column for problem in refused.value.problems] == ["person_id", "code"]


def test_an_unknown_score_is_refused():
    with pytest.raises(UsageError, match="hfrs"):
        score("frailty_index")


def test_risk_bands_have_published_edges():
    bands = (
        pl.DataFrame({"p": [0.0, 4.9, 5.0, 15.0, 15.1, None]})
        .select(frailty_risk_band(pl.col("p")))
        .to_series()
        .to_list()
    )
    assert bands == ["low", "low", "intermediate", "intermediate", "high", None]
