"""Trends, change of inequality and comparators: from a study through release to the report's sentences."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from riskstrat import conditions
from riskstrat.cli.run import figures_beside
from riskstrat.cli.tables import read_table
from riskstrat.disclosure import Disclosure, Table
from riskstrat.errors import UsageError
from riskstrat.figures import concentration
from riskstrat.publication.comparators import comparators_table
from riskstrat.publication.composition import publish_tables
from riskstrat.publication.published import Facts, SourceFacts
from riskstrat.records.study import Study
from riskstrat.reports.context import ReportContext, report_context
from riskstrat.reports.situation import _comparators, _inequality_change, _rising

RULE = Disclosure(rounding=1, protection="none")
OTHERS = pl.DataFrame(
    {
        "who": ["Sverige", "Stockholms län", "Sverige"],
        "indicator": ["frailty", "frailty", "Fallskador, 65 år och äldre"],
        "year": [2022, 2022, 2023],
        "value": [0.171, 0.165, 2450.0],
        "lower": [None, 0.16, None],
        "upper": [None, 0.17, None],
        "unit": [None, None, "per 100 000"],
        "source": ["Socialstyrelsen", "Regionen", "Kolada"],
    }
)


def context(language: str = "sv", **tables: Table) -> ReportContext:
    facts = Facts(
        condition=conditions.load("frailty"),
        budget_sek=2_000_000.0,
        strata=("area_id", "sex"),
        as_of=date(2024, 1, 1),
        version="0.1.0",
        digest="d",
        model_digest="m",
        omissions=(),
        chosen="Logistic",
        source=SourceFacts(name="Modellstad", fingerprint="f", data_end=date(2023, 12, 31)),
    )
    return report_context(publish_tables(facts, tables, RULE, None), language)


def public(frame: pl.DataFrame, *dimensions: str) -> Table:
    return Table(frame, dimensions=dimensions, public=[name for name in frame.columns if name not in dimensions])


def test_a_study_holds_trends_and_the_change_of_inequality(municipality_study: Study):
    results = municipality_study.area_results
    moved, areas = results.trends, results.estimates
    assert moved.table.select(areas.by).equals(areas.groups)
    assert moved.ratios.shape[1:] == (len(moved.years), areas.table.height) == moved.mean_risk.shape
    # Expected cases were recalibrated period by period, so that all areas together have a ratio of 1.
    together = (moved.ratios * moved.mean_risk).mean(axis=0).mean(axis=1) / moved.mean_risk.mean(axis=1)
    assert np.all(np.abs(together - 1) < 0.25)
    change = results.inequality_change
    assert change["year"].unique().sort().to_list() == [int(year) for year in moved.years]
    assert change.filter(metric="ratio")["change"].null_count() == 1


def test_they_are_released_with_the_study_and_so_are_comparators(municipality_study: Study):
    published = rs.publish(municipality_study, comparators=OTHERS)
    trends, others = published.frame("trends"), published.frame("comparators")
    assert trends.height == municipality_study.areas.table.height
    assert trends["yearly_ratio"].null_count() < trends.height
    assert "cases" not in trends.columns
    assert "people" not in trends.columns
    assert published.frame("inequality_change").filter(metric="ratio").height >= 2
    assert others.select("who", "value").rows() == [("Sverige", 2450.0), ("Stockholms län", 0.165), ("Sverige", 0.171)]
    assert rs.publish(municipality_study).frame("comparators") is None
    curve = published.frame("concentration")
    assert curve["share_of_people"].to_list() == pytest.approx([step / 10 for step in range(11)])
    assert concentration(published.tables["concentration"], "sv").sentence.startswith("Av invånarna, från störst behov")


def areas_and_trends(flags: list[bool]) -> dict[str, Table]:
    names = [f"Område {letter}" for letter in "ABCDEFGH"[: len(flags)]]
    areas = pl.DataFrame({"area_id": names, "name": names, "class": ["uncertain"] * len(flags)})
    ratio = {"yearly_ratio": [1.08] * len(flags), "yearly_ratio_lower": [1.02] * len(flags)}
    years = {"first_year": [2015] * len(flags), "last_year": [2021] * len(flags)}
    moved = pl.DataFrame({"area_id": names, **years, **ratio, "yearly_ratio_upper": [1.14] * len(flags)})
    moved = moved.with_columns(high_and_rising=pl.Series(flags))
    return {"areas": public(areas, "area_id", "name"), "trends": public(moved, "area_id")}


def test_areas_that_are_high_and_rising_are_named_in_alphabetical_order():
    (told,) = _rising(context(**areas_and_trends([False, True, True])))
    assert told.text == (
        "Tydligt högre och stigande mellan 2015 och 2021, jämfört med vad som var att vänta: "
        "Område B (1,08 (1,02–1,14) gånger så många per år) och Område C (1,08 (1,02–1,14) gånger så många per år)."
    )
    (none,) = _rising(context("en", **areas_and_trends([False, False])))
    assert none.text.startswith("In none of the 2 areas is it clear that the risk is both high and has risen")
    assert not list(_rising(context()))


@pytest.mark.parametrize(
    ("change", "beginning"),
    [
        ((0.2, 0.9), "Skillnaderna har ökat"),
        ((-0.9, -0.2), "Skillnaderna har minskat"),
        ((-0.1, 0.9), "Det går inte att säga"),
    ],
)
def test_the_change_of_inequality_is_told_with_both_ratios(change: tuple[float, float], beginning: str):
    frame = pl.DataFrame(
        {
            "year": [2015, 2021],
            "metric": ["ratio"] * 2,
            "estimate": [1.6, 2.1],
            "lower": [1.2, 1.6],
            "upper": [2.0, 2.8],
        }
        | {"change_lower": [None, change[0]], "change_upper": [None, change[1]]}
    )
    (told,) = _inequality_change(context(inequality_change=public(frame, "year", "metric")))
    assert told.text.startswith(beginning)
    assert "1,6 (1,2–2,0) gånger" in told.text
    assert "2,1 (1,6–2,8) gånger år 2021" in told.text


def test_others_stand_beside_with_their_source_and_the_studys_own_figure_first():
    periods = pl.DataFrame(
        {
            "index_from": [date(2019, 1, 1)],
            "index_to": [date(2021, 1, 1)],
            "risk": [0.18],
            "lower": [0.17],
            "upper": [0.19],
        }
    )
    tables = {"comparators": comparators_table(OTHERS, "frailty"), "periods": public(periods, "index_from", "index_to")}
    how, grid = _comparators(context("en", **tables))
    assert "were not recomputed" in how.text
    shares = ("18.0% (17.0–19.0)", "17.1%", "16.5% (16.0–17.0)")
    for text in ("Modellstad", "2019–2021", *shares, "Socialstyrelsen", "2,450 per 100 000", "Kolada"):
        assert text in grid.html
    assert grid.html.index("Modellstad") < grid.html.index("Socialstyrelsen")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"value": [17.1, 0.165, 2450.0]}, "a value of frailty outside 0 to 1 in row 1"),
        ({"lower": [0.2, 0.16, None]}, "one limit of an interval in row 1"),
        ({"upper": [None, 0.163, None]}, "a value outside its interval in row 2"),
        ({"source": ["a", None, "b"]}, "something missing in row 2"),
        ({"year": ["x", "y", "z"]}, "year of type String; expected numbers"),
        ({"year": [2022.5, 2022, 2023]}, "years that are no whole numbers"),
        ({"who": ["Sverige", "Sverige", "x"]}, "a figure that comes twice in rows 1, 2"),
        ({"valeu": [1, 2, 3]}, "did you mean 'value'"),
    ],
)
def test_comparators_that_cannot_be_shown(columns: dict[str, list[object]], message: str):
    with pytest.raises(UsageError, match=message):
        comparators_table(
            OTHERS.with_columns(**{name: pl.Series(values) for name, values in columns.items()}), "frailty"
        )


def test_everything_wrong_with_comparators_comes_at_once():
    with pytest.raises(UsageError) as caught:
        comparators_table(OTHERS.drop("who", "source"), "frailty")
    assert len(caught.value.problems) == 2
    with pytest.raises(UsageError, match="no row"):
        comparators_table(OTHERS.head(0), "frailty")


@pytest.mark.parametrize(("separator", "point"), [(",", "."), (";", ",")])
def test_comparators_are_read_from_english_and_swedish_files(separator: str, point: str, tmp_path: Path):
    file = tmp_path / "others.csv"
    rows = ["who,indicator,year,value,source", "A,frailty,2022,0.171,a", "A,early_cvd,2022,0.02,b", "B,other,2022,3,c"]
    file.write_text("\n".join(row.replace(",", separator).replace(".", point) for row in rows), encoding="utf-8-sig")
    given, names = read_table(file, "--comparators"), ["frailty", "early_cvd"]
    found = [figures_beside(given, name, names) for name in names]
    assert found[0].select("indicator", "value").rows() == [("frailty", 0.171), ("other", 3.0)]
    assert found[1]["indicator"].to_list() == ["early_cvd", "other"]
    assert figures_beside(given.filter(indicator="frailty"), "early_cvd", names) is None
    with pytest.raises(UsageError, match="--comparators"):
        read_table(tmp_path / "none.csv", "--comparators")
