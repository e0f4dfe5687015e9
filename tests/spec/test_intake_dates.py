"""Dates that mean something else: "still", day numbers, births of which no day is known, the last day seen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError
from riskstrat.intake import extracts, from_meds, from_omop
from riskstrat.registers.opening import open_registers
from small_extracts import counts_by_outcome, homes, rows, run_intake, write
from small_registers import BuildRegisters, write_register_folder

STAY = "LOPNR;INDATUMA;UTDATUMA;HDIA\n"
DRUG = "LopNr;ATC;EDATUM\n"
NEVER = ["99991231", "20991231", "2099-12-31", "29991231", "9999-12-31 00:00:00", "9999"]
MOVED = "incomplete birth date: moved to it"
PAST = (date(1800, 1, 1), date(1900, 1, 1))


@pytest.mark.parametrize("end", NEVER)
def test_an_end_that_never_comes_means_still(tmp_path: Path, end: str):
    found = run_intake(tmp_path, {"PAR_SV_2011.csv": f"{STAY}1;20110301;{end};I219\n2;20110301;;I219\n"})
    assert rows(found, "contacts", "person_id", "end_date") == [(1, None), (2, date(2011, 3, 1))]
    assert counts_by_outcome(found, "par.inpatient", "a date that stands for unknown") == {"set_to_null": 1}
    assert found.account.data_end == date(2013, 12, 31)


@pytest.mark.parametrize("day", NEVER)
def test_a_day_that_never_comes_is_no_date_and_no_end_of_the_data(tmp_path: Path, day: str):
    found = run_intake(tmp_path, {"LMED_2011.csv": f"{DRUG}1;N02BE01;{day}\n1;N02BE01;20110501\n"})
    assert rows(found, "prescriptions", "date") == [(date(2011, 5, 1),)]
    assert found.account.data_end == date(2013, 12, 31)


def cdm(periods: list[tuple[int, date | None]], events: list[tuple[int, date, date | None]] = (), **person: object):
    born = {"gender_concept_id": 8532, "year_of_birth": 1950, "month_of_birth": 4, "day_of_birth": 3, **person}
    names = ("person_id", "condition_start_date", "condition_end_date")
    conditions = [
        {**dict(zip(names, row, strict=True)), "condition_source_value": "I21", "condition_concept_id": 0}
        for row in events
    ]
    return {
        "person": pl.DataFrame([{"person_id": number, **born} for number, _ in periods]),
        "observation_period": pl.DataFrame(
            [
                {
                    "person_id": n,
                    "observation_period_start_date": date(1950, 1, 1),
                    "observation_period_end_date": end,
                }
                for n, end in periods
            ]
        ),
        **({"condition_occurrence": pl.DataFrame(conditions)} if conditions else {}),
    }


@pytest.mark.parametrize("end", [date(9999, 12, 31), date(2099, 12, 31), date(2999, 1, 1), None])
def test_ends_of_omop(tmp_path: Path, end: date | None):
    tables = cdm([(1, date(2015, 5, 1)), (2, end)], [(1, date(2014, 1, 1), end), (2, date(2019, 3, 4), None)])
    from_omop(tables, tmp_path / "out", max_rejected_share=1)
    registers = open_registers(tmp_path / "out")
    assert registers.manifest.data_end == date(2019, 3, 4)
    ends = registers.scan("residences").select("person_id", "end_date").collect().sort("person_id").rows()
    assert ends == [(1, date(2015, 5, 1)), (2, None)]
    assert registers.scan("diagnoses").select("end_date").collect()["end_date"].to_list() == [None, None]


@pytest.mark.parametrize("day", [datetime(9999, 12, 31), datetime(2099, 12, 31)])  # noqa: DTZ001 - as MEDS has them
def test_the_data_of_meds_do_not_end_on_a_day_that_never_comes(tmp_path: Path, day: datetime):
    events = [("SEX//F", None), ("MEDS_BIRTH", datetime(1950, 5, 6)), ("ICD10/I21", datetime(2012, 3, 4))]  # noqa: DTZ001
    schema = {"subject_id": pl.Int64, "code": pl.String, "time": pl.Datetime, "numeric_value": pl.Float32}
    rows = [(1, code, time, None) for code, time in [*events, ("ICD10/I22", day), ("MEDS_DEATH", day)]]
    (tmp_path / "meds" / "data").mkdir(parents=True)
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    result = from_meds(tmp_path / "meds", tmp_path / "out", max_rejected_share=1)
    registers = open_registers(tmp_path / "out")
    assert registers.manifest.data_end == date(2012, 3, 4)
    assert registers.scan("persons").select("death_date").collect().item() is None
    assert result.account.rows_of("icd10", "rejected") == 1


@pytest.mark.parametrize("end", [date(9999, 12, 31), date(2099, 12, 31), date(2199, 12, 31)])
def test_ends_of_a_register_folder(build_registers: BuildRegisters, end: date):
    person = {"person_id": 1, "birth_date": date(1950, 1, 1), "death_date": end}
    home = {"person_id": 1, "start_date": date(2000, 1, 1), "end_date": end}
    stay = {"person_id": 1, "date": date(2020, 1, 1), "end_date": end, "code": "I21"}
    registers = build_registers([person], residences=[home], diagnoses=[stay])
    assert registers.rejected().is_empty()
    for table, column in (("persons", "death_date"), ("residences", "end_date"), ("diagnoses", "end_date")):
        assert registers.scan(table).select(column).collect().to_series().to_list() == [None]


DAYS_SEEN = {
    "a drug on 14 November": ({"LMED_2014.csv": f"{DRUG}1;N02BE01;20141114\n"}, date(2014, 11, 14)),
    "a month of a service is seen to its end": (
        {"SoL_2014.csv": "LopNr;PERIOD;HTJ\n1;201402;1\n"},
        date(2014, 2, 28),
    ),
    "a discharge in the month of admission": (
        {"PAR_SV_2014.csv": f"{STAY}1;20140301;20140309;I219\n"},
        date(2014, 3, 9),
    ),
    "nothing after the last residence": ({"LMED_2011.csv": f"{DRUG}1;N02BE01;20110301\n"}, date(2013, 12, 31)),
}


@pytest.mark.parametrize(("files", "last"), DAYS_SEEN.values(), ids=DAYS_SEEN.keys())
def test_the_data_end_on_the_last_day_seen(tmp_path: Path, files: dict[str, str], last: date):
    found = run_intake(tmp_path, files)
    assert found.account.data_end == found.registers.manifest.data_end == last


def test_the_last_day_seen_is_that_of_a_full_month_not_the_end_of_it(tmp_path: Path):
    """Enough rows to tell which months are whole: the last is cut off on the 14th."""
    days = [date(2013, 1, 1) + timedelta(days=n) for n in range(365 + 317)]
    drugs = "".join(f"1;N02BE01;{day:%Y%m%d}\n" for day in days)
    found = run_intake(tmp_path, {"LMED_2013.csv": DRUG + drugs})
    assert found.account.data_end == days[-1] == date(2014, 11, 13)


EPOCHS = {"SAS and Stata": date(1960, 1, 1), "Excel": date(1899, 12, 30)}
DAYS = [date(1964, 12, 5), date(1968, 3, 1), date(2011, 5, 1), date(2011, 6, 1)]


def numbers(epoch: date) -> str:
    return DRUG + "".join(f"1;N02BE01;{(day - epoch).days}\n" for day in DAYS)


@pytest.mark.parametrize("epoch", EPOCHS.values(), ids=EPOCHS.keys())
def test_day_numbers_are_refused_by_the_name_of_their_column(tmp_path: Path, epoch: date):
    with pytest.raises(ContractError, match=r"LMED_2011\.csv\.EDATUM: numbers of days or seconds.*days_since"):
        run_intake(tmp_path, {"LMED_2011.csv": numbers(epoch)})


@pytest.mark.parametrize("epoch", EPOCHS.values(), ids=EPOCHS.keys())
def test_day_numbers_are_read_where_the_column_says_from_when_they_count(tmp_path: Path, epoch: date):
    own = tmp_path / "own.toml"
    own.write_text(f'extends = "lmed"\n[inputs.dispensings.columns.dispensed]\ndays_since = {epoch}\n')
    content = numbers(epoch) + "1;N02BE01;20110701\n1;N02BE01;2011-07-02\n"
    found = run_intake(tmp_path, {"LMED_2011.csv": content}, mapping=[own])
    assert rows(found, "prescriptions", "date") == [(day,) for day in [*DAYS, date(2011, 7, 1), date(2011, 7, 2)]]


def test_numbers_of_a_statistical_program_without_a_format_are_no_years(tmp_path: Path):
    """Days 1801 to 2100 from 1960 look like years; the others of the column tell."""
    pyreadstat = pytest.importorskip("pyreadstat")
    write(tmp_path / "raw", homes())
    people = pl.DataFrame({"LopNr": [1.0, 2.0, 3.0], "fodelseman": [1950.0, 3980.0, 8036.0], "Kon": [1.0, 2.0, 1.0]})
    pyreadstat.write_dta(people, str(tmp_path / "raw" / "demografi.dta"))
    with pytest.raises(ContractError, match=r"fodelseman: numbers of days"):
        extracts(tmp_path / "raw", tmp_path / "registers")


def test_a_year_beyond_those_of_people_is_no_year(tmp_path: Path):
    found = run_intake(tmp_path, {"LMED_2011.csv": f"{DRUG}1;N02BE01;8036\n1;N02BE01;2011\n1;N02BE01;2012\n"})
    assert counts_by_outcome(found, "lmed.dispensings", "not a date") == {"set_to_null": 1}


BORN = {
    "the year": ({"month_of_birth": None, "day_of_birth": None}, date(1950, 7, 1), [date(1950, 7, 1)] * 2),
    "the month": ({"day_of_birth": None}, date(1950, 4, 15), [date(1950, 4, 15)]),
    "the day": ({}, date(1950, 4, 3), [date(1950, 4, 5)]),
}


@pytest.mark.parametrize(("known", "born", "kept"), BORN.values(), ids=BORN.keys())
def test_an_invented_birth_day_refuses_no_early_row_of_omop(
    tmp_path: Path, known: dict[str, None], born: date, kept: list[date]
):
    early = [(1, date(1950, 2, 1), date(1950, 2, 3)), (1, date(1950, 4, 5), None), (1, date(1949, 12, 31), None)]
    tables = cdm([(1, date(2015, 5, 1))], early, **known)
    result = from_omop(tables, tmp_path / "out", max_rejected_share=1)
    registers = open_registers(tmp_path / "out")
    assert registers.rejected().is_empty()
    assert registers.births["birth_date"].item() == born
    assert registers.scan("diagnoses").select("date").sort("date").collect()["date"].to_list() == kept
    moved = result.account.counts.filter(outcome="repaired").select("rule", "rows").rows()
    assert moved == ([] if not known else [(MOVED, len(kept))])
    assert result.account.rows_of("condition_occurrence", "rejected") == 3 - len(kept)


def test_an_invented_birth_day_refuses_no_death_of_omop(tmp_path: Path):
    tables = cdm([(1, date(2015, 5, 1))], month_of_birth=None, day_of_birth=None)
    tables["death"] = pl.DataFrame({"person_id": [1], "death_date": [date(1950, 3, 1)]})
    result = from_omop(tables, tmp_path / "out", max_rejected_share=1)
    persons = open_registers(tmp_path / "out").scan("persons").select("birth_date", "death_date").collect()
    assert persons.row(0) == (date(1950, 3, 1), date(1950, 3, 1))
    assert result.account.rows_of("death", "kept") == 1


def test_an_invented_birth_day_refuses_no_death_of_a_register_folder(tmp_path: Path):
    home = {"person_id": 1, "start_date": date(2011, 1, 1), "end_date": date(2011, 3, 1)}
    tables = write_register_folder(tmp_path, [{"person_id": 1, "birth_date": date(2011, 7, 1)}], [home], diagnoses=[])
    for precision, died in (("year", date(2011, 3, 1)), ("year", date(2010, 12, 31)), ("month", date(2011, 6, 30))):
        known = tables["persons"].with_columns(birth_date_precision=pl.lit(precision), death_date=pl.lit(died))
        known.write_parquet(tmp_path / "persons.parquet")
        if died == date(2011, 3, 1):
            persons = open_registers(tmp_path).scan("persons").select("death_date").collect()
            assert persons.item() == died
        else:
            with pytest.raises(ContractError, match="die before they are born"):
                open_registers(tmp_path)


def test_days_of_meds_are_no_numbers(tmp_path: Path):
    """Numbers of days would be counted from 1970, whatever program wrote them."""
    (tmp_path / "meds" / "data").mkdir(parents=True)
    events = {"subject_id": [1], "time": [18993], "code": ["ICD10/I21"], "numeric_value": [1.0]}
    pl.DataFrame(events).write_parquet(tmp_path / "meds" / "data" / "0.parquet")
    with pytest.raises(ContractError, match="time of type Int64"):
        from_meds(tmp_path / "meds", tmp_path / "out", max_rejected_share=1)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64])
def test_day_numbers_of_omop_are_read_as_the_whole_column_can_count_them(tmp_path: Path, dtype: type[pl.DataType]):
    tables = cdm([(1, date(2015, 5, 1))], [(1, date(2014, 1, 1), None)])
    number = pl.col("condition_start_date").to_physical().cast(dtype)
    tables["condition_occurrence"] = tables["condition_occurrence"].with_columns(number)
    result = from_omop(tables, tmp_path / "out", max_rejected_share=1)
    assert result.account.counts.filter(rule="no date").is_empty()
    assert open_registers(tmp_path / "out").scan("diagnoses").select("date").collect().rows() == [(date(2014, 1, 1),)]
