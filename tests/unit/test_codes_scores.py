"""Scores as declarations, and the Hospital Frailty Risk Score of small frames."""

from datetime import date
from importlib import resources

import polars as pl
import pytest

from riskstrat.codes import charlson, hfrs, score, scores
from riskstrat.errors import ContractError, UsageError


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


def test_a_group_adds_its_points_and_hierarchies_correct_the_sum():
    swedish = score("charlson_se")
    number = {item.name: place for place, item in enumerate(swedish.items)}
    groups = {"severe": ["mld", "msld"], "by ascites": ["mld", "ascites"], "both": ["msld", "ascites"], "mild": ["mld"]}
    rows = [(group, number[name]) for group, names in groups.items() for name in names]
    frame = pl.DataFrame(rows, schema={"group": pl.String, "item": pl.UInt32}, orient="row")
    total = sum(swedish.corrections(pl.col("item")), start=pl.col("points").sum())
    found = frame.with_columns(points=swedish.points_of(pl.col("item"))).group_by("group").agg(total=total)
    assert dict(found.iter_rows()) == {"severe": 3, "by ascites": 3, "both": 3, "mild": 1}
    assert score("hfrs").corrections(pl.col("item")) == ()


def test_the_names_that_are_known_are_those_of_the_files_that_ship():
    files = resources.files("riskstrat.codes").joinpath("data", "scores").iterdir()
    assert sorted(file.name.removesuffix(".toml") for file in files) == list(scores())


def test_what_gives_way_is_an_item_of_the_score():
    giving_way = {}
    for found in map(score, scores()):
        names = {item.name for item in found.items}
        named = {other for item in found.items for other in (item.replaced_by, *item.present_with)} - {""}
        assert named <= names
        giving_way[found.name] = len(named)
    assert {name for name, others in giving_way.items() if not others} == {"hfrs"}


def test_a_variant_differs_in_points_alone():
    first, second = score("charlson"), score("charlson_2011")
    assert [item.codes for item in first.items] == [item.codes for item in second.items]
    assert [item.replaced_by for item in first.items] == [item.replaced_by for item in second.items]
    assert (first.title_en, first.source) != (second.title_en, second.source)


def test_the_version_of_icd_goes_by_the_date():
    rows = [
        (1, "411", date(1980, 1, 1)),  # infarction in ICD-8 only
        (2, "411", date(1990, 1, 1)),
        (3, "420,1", date(1968, 12, 31)),  # in ICD-7 only
        (4, "420,1", date(1969, 1, 1)),
        (5, "410A", date(1997, 6, 1)),  # both versions were in use
        (6, "I219", date(1997, 6, 1)),
        (7, "I219", date(1990, 1, 1)),  # nobody used ICD-10 yet
        (8, "410A", date(1998, 1, 1)),
        (9, "410A", None),
    ]
    frame = pl.DataFrame(rows, schema={"person_id": pl.Int64, "code": pl.String, "date": pl.Date}, orient="row")
    assert charlson(frame)["charlson"].to_list() == [1, 0, 1, 0, 1, 1, 0, 0, 1]
    assert charlson(frame, "charlson")["charlson"].to_list() == [0, 0, 0, 0, 0, 1, 1, 0, 0]


def test_undated_codes_are_told_by_their_look():
    rows = pl.DataFrame({"person_id": range(6), "code": ["410A", "412,01", "412.01", "V45B", "V450", "i21.4-P"]})
    assert charlson(rows)["charlson"].to_list() == [1, 1, 1, 2, 0, 1]


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
    with pytest.raises(UsageError, match="charlson_se"):
        charlson(pl.DataFrame({"person_id": [1], "code": ["I21"]}), "swedish")
