"""A small municipality keeps the contract, its profile, its personas and its promises about seeds and crashes."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from riskstrat.errors import UsageError
from riskstrat.registers import Registers, open_registers
from riskstrat.synthetic import Municipality, municipality, read_truth, true_risk, write_municipality, writing
from riskstrat.synthetic.geography import make_geography
from riskstrat.synthetic.shard import make_shard

PEOPLE, SEED = 2_500, 11


@pytest.fixture(scope="module")
def made() -> Municipality:
    return municipality(PEOPLE, SEED)


@pytest.fixture(scope="module")
def thin() -> Municipality:
    return municipality(PEOPLE, SEED, thin=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_municipality(PEOPLE, SEED, tmp_path_factory.mktemp("registers") / "modellstad")


def resident(made: Municipality, on: date) -> pl.DataFrame:
    residences = made.tables["residences"].filter(pl.col("start_date") <= on, pl.col("end_date").fill_null(on) >= on)
    age = (pl.lit(on) - pl.col("birth_date")).dt.total_days() / 365.25
    return residences.join(made.tables["persons"], on="person_id").with_columns(age=age)


def test_written_folder_passes_the_contract_and_refuses_no_row(folder: Path):
    assert open_registers(folder).rejected().height == 0


def test_folder_and_frames_are_the_same(folder: Path, made: Municipality):
    for name, frame in made.tables.items():
        assert pl.read_parquet(folder / f"{name}.parquet").equals(frame), name
    truth = read_truth(folder)
    assert truth.risks.equals(made.truth.risks)
    assert truth.coefficients == made.truth.coefficients


def test_the_truth_is_no_register(folder: Path):
    assert "truth" not in (folder / "registers.toml").read_text(encoding="utf-8")


def test_same_seed_same_municipality_other_seed_another(made: Municipality):
    again, other = municipality(PEOPLE, SEED), municipality(500, SEED + 1)
    assert all(frame.equals(again.tables[name]) for name, frame in made.tables.items())
    assert not made.tables["diagnoses"].equals(other.tables["diagnoses"])


def test_a_shard_does_not_depend_on_the_number_it_starts_at():
    geography = make_geography(np.random.SeedSequence(1))
    first = make_shard(geography, 500, np.random.SeedSequence(2), 1, thin=True)
    later = make_shard(geography, 500, np.random.SeedSequence(2), 1_001, thin=True)
    shifted = first.tables["diagnoses"].with_columns(pl.col("person_id") + 1_000)
    assert shifted.equals(later.tables["diagnoses"])


def test_as_many_people_as_asked_for(made: Municipality):
    assert resident(made, date(2023, 12, 31)).height == pytest.approx(PEOPLE, rel=0.05)


def test_profile_is_like_the_model_municipality(made: Municipality):
    people = resident(made, date(2019, 12, 31))
    assert people["age"].mean() == pytest.approx(40.5, abs=2.0)
    assert people.select((pl.col("birth_region") != "sweden").mean()).item() == pytest.approx(0.41, abs=0.05)
    facts = made.tables["circumstances"].filter(pl.col("date") == date(2021, 12, 31)).join(people, on="person_id")
    income = facts.filter(pl.col("code") == "disposable_income_sek", pl.col("age") >= 20)["value"].median()
    assert income == pytest.approx(250_000, rel=0.08)
    work = facts.filter(pl.col("code") == "employed", pl.col("age").is_between(20, 65))["value"].mean()
    assert work == pytest.approx(0.753, abs=0.06)


def test_deprived_areas_have_a_higher_care_need(made: Municipality):
    index = made.tables["area_facts"].filter(pl.col("date") == date(2021, 12, 31))["value"]
    assert index.len() == 51
    assert index.min() < 1.3
    assert index.max() > 1.7


def test_nobody_has_events_before_2009_after_death_or_while_away(made: Municipality):
    residences = made.tables["residences"].select(
        "person_id", moved_in="start_date", moved_out=pl.col("end_date").fill_null(date(2023, 12, 31))
    )
    for name in ("diagnoses", "prescriptions", "contacts", "measurements", "circumstances", "services", "births"):
        rows = made.tables[name].with_row_index("row")
        assert rows["date"].min() >= date(2009, 1, 1)
        resident_rows = rows.join(residences, on="person_id").filter(
            pl.col("date") >= pl.col("moved_in"), pl.col("date") <= pl.col("moved_out")
        )
        assert resident_rows["row"].n_unique() == rows.height, name


def test_unplanned_stays_of_a_person_never_touch(made: Municipality):
    stays = made.tables["contacts"].filter(pl.col("code") == "admission_unplanned").unique()
    stays = stays.sort("person_id", "date").with_columns(before=pl.col("end_date").shift().over("person_id"))
    gap = stays.select((pl.col("date") - pl.col("before")).dt.total_days().alias("gap"))["gap"].drop_nulls()
    assert gap.min() > 1


def test_children_have_mothers_of_possible_age(made: Municipality):
    people = made.tables["persons"]
    mothers = people.select(mother_id="person_id", mother_birth="birth_date", mother_sex="sex")
    pairs = people.join(mothers, on="mother_id")
    years = pairs.select(((pl.col("birth_date") - pl.col("mother_birth")).dt.total_days() / 365.25).alias("y"))["y"]
    assert pairs.height > 800
    assert set(pairs["mother_sex"]) == {"female"}
    assert 16 < years.min() < years.max() < 47


def test_there_are_twins(made: Municipality):
    people = made.tables["persons"].filter(pl.col("mother_id").is_not_null(), pl.col("birth_date") >= date(2000, 1, 1))
    births = people.group_by("mother_id", "birth_date").len()
    assert 0.005 < (births["len"] > 1).mean() < 0.03


def test_registers_are_soiled_a_little(made: Municipality):
    diagnoses = made.tables["diagnoses"]
    assert 0 < diagnoses.filter(pl.col("known_on").is_not_null()).height < 0.01 * diagnoses.height
    assert 0 < diagnoses.is_duplicated().sum() < 0.01 * diagnoses.height
    assert made.tables["child_health"].filter(pl.col("code") == "height_cm", pl.col("value") > 300).height > 0


def test_example_personas_are_among_the_people(made: Municipality):
    people = made.truth.test_people
    assert people["name"].to_list().count("Ragnar") == 2
    assert people.height == 7
    assert people.join(made.tables["persons"], on="person_id").height == 7
    fallen = made.tables["diagnoses"].filter(pl.col("code").str.starts_with("W"), pl.col("person_id") > 9_000_000)
    variant = people.filter(pl.col("person_id").is_in(fallen["person_id"].to_list()))["variant"].to_list()
    assert variant == ["with a recorded fall"]


def test_twins_differ_only_in_contacts(made: Municipality):
    ids = made.truth.test_people.filter(pl.col("name").str.starts_with("Hilda's twin"))["person_id"].to_list()
    for few, many in ((ids[0], ids[1]), (ids[2], ids[3])):
        visits = made.tables["contacts"].filter(pl.col("person_id").is_in([few, many]))["person_id"].to_list()
        assert visits.count(many) == 10 * visits.count(few) > 0
        said = 0
        for name in ("births", "child_health", "circumstances", "diagnoses"):
            rows = made.tables[name]
            one, other = (rows.filter(pl.col("person_id") == person).drop("person_id") for person in (few, many))
            assert one.equals(other)
            said += one.height
        assert said


def test_thin_leaves_rows_out_but_nobody(made: Municipality, thin: Municipality):
    assert thin.tables["persons"].equals(made.tables["persons"])
    assert thin.truth.risks.equals(made.truth.risks)
    rows = [sum(frame.height for frame in one.tables.values()) for one in (thin, made)]
    assert rows[0] < 0.55 * rows[1]


def test_thin_still_shows_a_lasting_treatment_every_year(thin: Municipality):
    rows = thin.tables["prescriptions"].filter(pl.col("code").str.starts_with("C10"))
    gaps = rows.sort("person_id", "date").select(
        (pl.col("date") - pl.col("date").shift()).over("person_id").dt.total_days().alias("gap")
    )["gap"]
    assert gaps.drop_nulls().quantile(0.95) < 365


def test_unusable_arguments_are_all_named():
    with pytest.raises(UsageError) as caught:
        municipality(10, 1, area_sd=9)
    assert len(caught.value.problems) == 2


def test_a_failure_leaves_the_old_folder_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = write_municipality(500, 1, tmp_path / "made")
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_truth", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_municipality(500, 2, target)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_an_earlier_municipality_is_replaced_and_a_folder_of_other_things_is_not(tmp_path: Path):
    target = write_municipality(500, 1, tmp_path / "made")
    write_municipality(500, 2, target)
    assert read_truth(target).coefficients["seed"] == 2
    (target / "mine.parquet").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="mine"):
        write_municipality(500, 1, target)
    assert read_truth(target).coefficients["seed"] == 2


def test_truth_is_found_for_the_nearest_date_only(made: Municipality):
    risks = made.truth.risks.filter(pl.col("condition") == "frailty", pl.col("index_date") == date(2021, 10, 1))
    asked = risks.select("person_id", index_date=pl.lit(date(2021, 10, 3))).reverse()
    found = true_risk(made.truth, asked, "frailty")
    assert found["person_id"].equals(asked["person_id"])
    assert found["risk"].equals(risks["risk"].reverse())
    stranger = pl.DataFrame({"person_id": [-1], "index_date": [date(2021, 10, 3)]})
    assert true_risk(made.truth, stranger, "frailty")["risk"].to_list() == [None]
    with pytest.raises(UsageError, match="without truth"):
        true_risk(made.truth, asked.with_columns(index_date=pl.lit(date(2022, 3, 1))), "frailty")


@pytest.mark.parametrize("name", ["early_cvd", "frailty"])
def test_the_truth_knows_the_landmarks_of_the_shipped_conditions(small_municipality: Registers, name: str):
    cohort = rs.build_cohort(rs.conditions.load(name), small_municipality, date(2024, 1, 1), min_outcomes=0)
    people = cohort.covered.people.select("person_id", "index_date")
    assert true_risk(read_truth(small_municipality.folder), people, name)["risk"].is_not_null().mean() > 0.95
