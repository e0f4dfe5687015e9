"""What is given to `riskstrat run` beside registers reaches study and publication; bad files end in one error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from commands import Finished, riskstrat
from riskstrat import indicators, publication
from riskstrat import study as studies
from riskstrat.conditions import proposed_indicators
from riskstrat.declare import LocalisedText, RegisterIndicator, Settings, TableIndicator
from riskstrat.errors import Problem, UsageError
from riskstrat.records.study import Study
from riskstrat.registers import Registers

ENOUGH = "seen enough"
FORECAST = "area_id,sex,age_years,year,people\n0180A,female,70,2023,12.5\n"
COMPARATORS = "who;indicator;year;value;source\nSödertälje;frailty;2023;0,15;Regionen\n"
INDICATORS = """from riskstrat.declare import LocalisedText, NetCostIndicator

TITLE = LocalisedText(en="Net cost", sv="Nettokostnad")
INDICATORS = (NetCostIndicator(name="net", title=TITLE, goal="cost_effective"),)
"""


class Asked:
    """Stands for the study: what it was asked for, and what was to be published beside it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings, self.beside = Settings(), dict[str, object]()
        monkeypatch.setattr(studies, "run", self._run)
        monkeypatch.setattr(publication, "publish", self._publish)

    def _run(self, *of: object, **beside: object) -> SimpleNamespace:
        (self.settings,) = (one for one in of if isinstance(one, Settings))
        self.beside |= beside
        return SimpleNamespace(model=None)

    def _publish(self, _: object, **beside: object) -> None:
        self.beside |= beside
        raise UsageError(Problem(found=ENOUGH, expected="no more", remedy="stop"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a file of each kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forecast.csv").write_text(FORECAST, encoding="utf-8")
    (tmp_path / "beside.csv").write_text(COMPARATORS, encoding="cp1252")
    (tmp_path / "ours.py").write_text(INDICATORS, encoding="utf-8")
    (tmp_path / "districts.csv").write_text("area_id,group\n0180A,North\n0180B,South\n", encoding="utf-8")
    return tmp_path


def run(registers: Registers, *options: str) -> Finished:
    return riskstrat("run", "frailty", "--registers", str(registers.folder), "--out", "out", "--no-track", *options)


def test_each_option_reaches_the_study_and_what_is_published(
    asked: Asked, folder: Path, small_municipality: Registers
) -> None:
    options = "--forecast forecast.csv --indicators ours.py --level home_care=districts.csv --smoothing bym2"
    done = run(small_municipality, *options.split(), "--comparators", str(folder / "beside.csv"))
    assert ENOUGH in done.stderr
    assert asked.settings.smoothing == "bym2"
    assert [one.name for one in asked.settings.indicators] == ["net"]
    (level,) = asked.settings.levels
    assert (level.name, level.title.en, level.areas) == (
        "home_care",
        "home care",
        (("0180A", "North"), ("0180B", "South")),
    )
    forecast, comparators = asked.beside["forecast"], asked.beside["comparators"]
    assert isinstance(forecast, pl.DataFrame)
    assert isinstance(comparators, pl.DataFrame)
    assert forecast.row(0) == ("0180A", "female", 70, 2023, 12.5)
    # As a Swedish spreadsheet on Windows writes it.
    assert comparators.row(0) == ("Södertälje", "frailty", 2023, 0.15, "Regionen")


def test_without_options_there_is_nothing_beside_the_study(asked: Asked, folder: Path, small_municipality: Registers):
    run(small_municipality)
    assert folder.is_dir()
    assert (asked.settings.smoothing, asked.settings.levels, asked.settings.indicators) == ("gamma", None, ())
    assert asked.beside["forecast"] is asked.beside["comparators"] is None


@pytest.mark.usefixtures("folder")
def test_proposed_indicators_are_followed_and_those_that_need_a_table_are_named(
    asked: Asked, small_municipality: Registers
) -> None:
    done = run(small_municipality, "--indicators", "proposed")
    of_registers = {one.name for one in proposed_indicators() if isinstance(one, RegisterIndicator)}
    assert of_registers <= {one.name for one in asked.settings.indicators}
    assert "not followed, because they need a table or groups" in done.stderr


@pytest.mark.usefixtures("asked")
def test_all_files_that_cannot_be_read_are_listed_in_one_error(folder: Path, small_municipality: Registers) -> None:
    (folder / "ragged.csv").write_text("area_id,group\na,b,c,d\n", encoding="utf-8")
    (folder / "empty.csv").touch()
    (folder / "twice.csv").write_text("area_id,group\na,North\na,South\n", encoding="utf-8")
    (folder / "other.csv").write_text("area,district\na,North\n", encoding="utf-8")
    (folder / "none.py").write_text("x = 1\n", encoding="utf-8")
    levels = ("alone", "ragged=ragged.csv", "twice=twice.csv", "other=other.csv")
    files = ("--forecast", "gone.csv", "--comparators", "empty.csv", "--indicators", "none.py")
    done = run(small_municipality, *files, *(part for level in levels for part in ("--level", level)))
    assert done.returncode == 2
    told = done.stderr
    assert "riskstrat: 7 problems:" in told
    for part in (
        "no INDICATORS in none.py",
        "no file gone.csv; expected a CSV file; correct --forecast",
        "empty.csv, which is no table; expected a heading, and in each row as many values as it has",
        "--level alone; expected NAME=FILE",
        "ragged.csv, which is no table",
        "areas come twice in level twice: a",
        "columns area, district; expected area_id and group",
    ):
        assert part in told


@pytest.mark.usefixtures("asked")
def test_everything_that_is_wrong_with_comparators_is_told_before_the_study_begins(
    folder: Path, small_municipality: Registers
) -> None:
    (folder / "wrong.csv").write_text("who,indikator,year,value,lower\na,frailty,2023,much,1\n", encoding="utf-8")
    done = run(small_municipality, "--comparators", "wrong.csv")
    assert done.returncode == 2
    for part in ("no column indicator", "no column source", "no column 'indikator'", "did you mean", "value of type"):
        assert part in done.stderr
    assert "much" not in done.stderr


@pytest.mark.usefixtures("asked", "folder")
def test_an_unknown_smoothing_is_refused_with_those_that_there_are(small_municipality: Registers) -> None:
    done = run(small_municipality, "--smoothing", "bym")
    assert done.returncode == 2
    assert "'gamma'" in done.stderr
    assert "'bym2'" in done.stderr


@pytest.mark.parametrize("typed", [True, False])
def test_groups_of_people_are_crosses_of_columns_typed_or_from_a_file(
    asked: Asked, folder: Path, small_municipality: Registers, *, typed: bool
) -> None:
    crosses = ("sex,age_band", "sex, income_quintile")
    if not typed:
        (folder / "riskstrat.toml").write_text(f"[run]\ngroups = {list(crosses)}\n", encoding="utf-8")
    done = run(small_municipality, *(part for each in crosses if typed for part in ("--groups", each)))
    assert ENOUGH in done.stderr
    assert asked.settings.groups == (("sex", "age_band"), ("sex", "income_quintile"))


@pytest.mark.usefixtures("folder")
def test_columns_that_nobody_has_are_refused_for_all_conditions_before_any_is_computed(
    monkeypatch: pytest.MonkeyPatch, small_municipality: Registers
) -> None:
    monkeypatch.setattr(studies, "run", lambda *_, **__: pytest.fail("a study was computed"))
    done = run(small_municipality, "early_cvd", "--groups", "sex,age_bnd", "--groups", "incom_quintile")
    assert done.returncode == 2
    assert "4 problems" in done.stderr
    for condition in ("frailty", "early_cvd"):
        assert f"{condition}.groups: no column of people 'age_bnd'" in done.stderr
    assert "did you mean 'age_band'?" in done.stderr
    assert "did you mean 'income_quintile'?" in done.stderr
    assert "names a column twice" in run(small_municipality, "--groups", "sex,sex").stderr
    assert "no column of people ''" in run(small_municipality, "--groups", "sex,").stderr


def test_what_was_expected_is_kept_in_the_output_folder_for_next_years_run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, study: Study, small_municipality: Registers
) -> None:
    table = pl.DataFrame({"year": [2021, 2022, 2023], "yes": [6_000, 6_100, 6_200], "answers": [10_000] * 3})
    title = LocalisedText(en="Understood the plan", sv="Förstod planen")
    asked = TableIndicator(
        name="understood", title=title, wanted="higher", goal="person_centred", count="yes", denominator="answers"
    )
    followed = replace(indicators.follow(asked, table, [2021, 2022, 2023], as_of="2024-01-01"), protected=True)
    given: list[object] = []

    def done(*_: object, earlier: object, **__: object) -> Study:
        given.append(earlier)
        return replace(study, follow_up=(followed,))

    monkeypatch.setattr(studies, "run", done)
    for _ in range(2):
        assert run(small_municipality, "--language", "en").returncode == 0
        (folder / "out" / "frailty_release.json").unlink()  # the study's secret is not that of the registers
    assert given[0] == ()
    (kept,) = given[1]
    assert kept.indicator == asked
    assert_frame_equal(kept.expected, followed.expected, rel_tol=1e-3)
