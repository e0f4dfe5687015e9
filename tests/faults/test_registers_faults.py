"""Bad input: each is one clear error that lists everything wrong, or a counted refusal; never a person's value."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import AtEvent, Count, Duration, Every, Excluding, FirstEvent, LocalisedText, Population
from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.registers import Manifest, TableManifest, open_registers, write_registers
from small_registers import BuildRegisters, MadeUp, write_register_folder

AS_OF = date(2024, 1, 1)
SECRET_ID = 8675309
SECRET_DATE = date(1971, 3, 14)
PERSON = {"person_id": SECRET_ID, "birth_date": SECRET_DATE}
EVENT = {"person_id": SECRET_ID, "date": date(2015, 5, 5), "code": "I639"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a small folder without faults."""
    place = tmp_path / "registers"
    write_register_folder(
        place,
        persons=[PERSON],
        areas=[{"area_id": "A", "name": "Alby", "municipality": "Modellstad"}],
        diagnoses=[EVENT],
    )
    return place


def problems(folder: Path) -> list[str]:
    with pytest.raises(ContractError) as caught:
        open_registers(folder)
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert str(SECRET_ID) not in message
    assert SECRET_DATE.isoformat() not in message
    return [str(problem) for problem in caught.value.problems]


def change(folder: Path, table: str, how: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    path = folder / f"{table}.parquet"
    how(pl.read_parquet(path)).write_parquet(path)


def person(**fields: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(**{name: pl.lit(value) for name, value in fields.items()})


def another(**fields: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: pl.concat([frame, person(**fields)(frame)], how="vertical_relaxed")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def test_a_sound_folder_opens(folder: Path):
    assert open_registers(folder).tables == ("persons", "residences", "areas", "diagnoses")


STRUCTURE = {
    "missing table": (lambda f: (f / "diagnoses.parquet").unlink(), "diagnoses: no file diagnoses.parquet"),
    "missing column": (lambda f: change(f, "diagnoses", lambda t: t.drop("code")), "diagnoses.code: no such column"),
    "wrong type": (
        lambda f: change(f, "diagnoses", lambda t: t.with_columns(date=pl.col("date").cast(pl.String))),
        "diagnoses.date: type String; expected Date",
    ),
    "time of day would be lost": (
        lambda f: change(f, "diagnoses", person(date=datetime(2015, 5, 5, 12))),  # noqa: DTZ001
        "diagnoses.date: values of type Datetime",
    ),
    "corrupt Parquet": (lambda f: cut(f / "diagnoses.parquet"), "diagnoses: diagnoses.parquet cannot be read"),
    "not Parquet at all": (
        lambda f: (f / "persons.parquet").write_text("person_id;sex"),
        "persons: persons.parquet cannot be read",
    ),
    "no manifest": (lambda f: (f / "registers.toml").unlink(), "no file registers.toml"),
    "manifest is not TOML": (lambda f: (f / "registers.toml").write_text("name = "), "not TOML"),
}


@pytest.mark.parametrize(("break_it", "says"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_a_broken_structure_is_one_clear_error(folder: Path, break_it: Callable[[Path], object], says: str):
    break_it(folder)
    found = problems(folder)
    assert len(found) == 1
    assert says in found[0]


CONTENT = {
    "duplicate persons": ("persons", another(sex="male"), "1 to 4 rows share their identifier"),
    "unknown sex": ("persons", person(sex="x"), "1 to 4 rows with an unknown sex"),
    "death before birth": ("persons", person(death_date=date(1960, 1, 1)), "1 to 4 people die before they are born"),
    "sentinel birth": ("persons", person(birth_date=date(1900, 1, 1)), "stands for unknown"),
    "no birth date": ("persons", person(birth_date=None), "persons.birth_date: 1 to 4 rows without a value"),
    "overlapping residences": ("residences", another(start_date=date(2005, 1, 1)), "1 to 4 spells start before"),
    "residence ends before it starts": ("residences", person(end_date=date(1990, 1, 1)), "1 to 4 spells end before"),
    "residence ends on a sentinel": ("residences", person(end_date=date(1900, 1, 1)), "1 to 4 spells end before"),
    "residence of nobody": ("residences", another(person_id=1), "1 to 4 spells of people who are not in persons"),
    "unknown area": ("residences", person(area_id="Z"), "1 to 4 spells in 1 area that are not in areas"),
    "duplicate areas": ("areas", another(name="Bredby"), "1 to 4 rows share their identifier"),
}


@pytest.mark.parametrize(("table", "how", "says"), CONTENT.values(), ids=CONTENT.keys())
def test_what_makes_people_ambiguous_is_one_clear_error(
    folder: Path, table: str, how: Callable[[pl.DataFrame], pl.DataFrame], says: str
):
    change(folder, table, how)
    found = problems(folder)
    assert len(found) == 1
    assert says in found[0]
    assert found[0].startswith(table)


def test_a_manifest_of_an_editor_that_marks_utf_8_is_read(folder: Path):
    file = folder / "registers.toml"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert open_registers(folder).has("diagnoses")


def test_everything_wrong_is_listed_at_once(folder: Path):
    change(folder, "persons", person(sex="x", death_date=date(1960, 1, 1)))
    change(folder, "residences", another(area_id="Z"))
    assert len(problems(folder)) == 4
    change(folder, "persons", lambda frame: frame.drop("sex"))
    change(folder, "diagnoses", lambda frame: frame.drop("code", "date"))
    cut(folder / "areas.parquet")
    text = (folder / "registers.toml").read_text()
    (folder / "registers.toml").write_text(text.replace('"icd10_se"', '"ICD-10"').replace("data_end", "data_ends"))
    found = problems(folder)
    assert sorted(each.split(":")[0] for each in found) == [
        "areas",
        "diagnoses.code",
        "diagnoses.date",
        "persons",
        "persons.sex",
        "registers.toml",
        "registers.toml.data_end",
        "registers.toml.tables.diagnoses.code_system",
        "residences",
    ]


def test_a_manifest_lists_everything_wrong(folder: Path):
    text = """
        name = "registers"
        data_end = 2023-12-31
        colour = "blue"
        [tables.persons]
        [tables.residences]
        delay_days = -1
        [tables.diagnoses]
        coverage_start = 2020-01-01
        coverage_end = 2019-01-01
        dealy_days = 3
    """
    (folder / "registers.toml").write_text(text)
    found = " | ".join(problems(folder))
    assert all(word in found for word in ("colour", "residences.delay_days", "dealy_days"))
    (folder / "registers.toml").write_text(
        text.replace('colour = "blue"', "").replace("= -1", "= 1").replace("dealy_days = 3", "")
    )
    found = problems(folder)
    assert len(found) == 2
    assert "no delay_days" in found[0]
    assert "ends before it starts" in found[1]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: TableManifest(cod_system="atc"), ["did you mean 'code_system'"]),
        (
            lambda: TableManifest(code_system="icd10se", delay_days="9 days"),
            ["did you mean 'icd10_se'", "delay_days.days"],
        ),
        (lambda: Manifest(name="town"), ["Manifest.data_end: not given", "Manifest.tables: not given"]),
        (lambda: Manifest(name="town", data_end=AS_OF, tables={"persons": {"fil": "a"}}), ["did you mean 'file'"]),
        (
            lambda: Manifest(name="town", data_end=AS_OF, tables={"diagnoses": TableManifest()}),
            ["diagnoses has no coverage_start", "diagnoses has no delay_days"],
        ),
    ],
)
def test_a_manifest_made_in_python_says_all_that_is_wrong_as_one_error(make: Callable[[], object], told: list[str]):
    with pytest.raises(UsageError) as refused:
        make()
    assert [words for words in told if words not in str(refused.value)] == []
    assert len(refused.value.problems) == len(told)
    assert refused.value.__suppress_context__


def test_a_manifest_without_persons(folder: Path):
    (folder / "registers.toml").write_text('name = "registers"\ndata_end = 2023-12-31\n[tables.residences]\n')
    assert "persons: not in the manifest" in problems(folder)[0]


REFUSED = {
    "no person": {"person_id": None},
    "no date": {"date": None},
    "no code": {"code": None},
    "date stands for unknown": {"date": date(1800, 1, 1)},
    "ends before it starts": {"end_date": date(2015, 5, 4)},
    "after the last day of data": {"date": date(2024, 1, 1)},
    "person is not in persons": {"person_id": 5},
    "before birth": {"date": date(1971, 3, 13)},
}


@pytest.mark.parametrize(("rule", "fields"), REFUSED.items(), ids=REFUSED.keys())
def test_unusable_event_rows_are_refused_and_counted(folder: Path, rule: str, fields: dict[str, object]):
    change(folder, "diagnoses", another(**fields))
    registers = open_registers(folder)
    assert registers.rejected().rows() == [("diagnoses", rule, 1)]
    assert registers.scan("diagnoses").select("person_id", "date", "code").collect().rows() == [tuple(EVENT.values())]


def test_every_sentinel_is_refused_wherever_it_stands_but_an_end_that_never_comes(folder: Path):
    sentinels = [date(1800, 1, 1), date(1900, 1, 1), date(9999, 12, 31)]
    change(
        folder,
        "diagnoses",
        lambda sound: pl.concat(
            [
                sound,
                *(person(date=day)(sound) for day in sentinels),
                *(person(end_date=day)(sound) for day in sentinels),
            ]
        ),
    )
    registers = open_registers(folder)
    assert registers.rejected().rows() == [("diagnoses", "date stands for unknown", 5)]
    assert registers.scan("diagnoses").collect()["end_date"].to_list() == [None, None]


def test_a_row_on_the_birth_day_is_kept(folder: Path):
    change(folder, "diagnoses", another(date=SECRET_DATE))
    registers = open_registers(folder)
    assert registers.rejected().is_empty()
    assert registers.scan("diagnoses").collect().height == 2


def test_a_file_that_is_damaged_in_the_middle_is_a_contract_error(tmp_path: Path):
    people = 2000
    tables = write_register_folder(
        tmp_path / "registers",
        persons=[PERSON],
        diagnoses=[{**EVENT, "date": date(2015, 1, 1 + number % 28)} for number in range(people)],
    )
    path = tmp_path / "registers" / "diagnoses.parquet"
    tables["diagnoses"].write_parquet(path, compression="uncompressed")
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)
    registers = open_registers(tmp_path / "registers")
    with pytest.raises(ContractError, match="cannot be read"):
        registers.rejected()


def test_a_table_that_is_not_there_is_named(folder: Path, made_up: MadeUp):
    registers = open_registers(folder)
    with pytest.raises(UsageError, match="prescriptions"):
        registers.scan("prescriptions")
    with pytest.raises(UsageError, match="prescriptions"):
        build_cohort(made_up(outcome=FirstEvent(register="prescriptions", codes="A10")), registers, AS_OF)
    housing = Duration(register="services", codes="special_housing", within="1d")
    population = Population(excluding=(Excluding(having=housing, reason=LocalisedText(en="housing", sv="boende")),))
    both = made_up(index=AtEvent(register="contacts", codes="admission_unplanned"), population=population)
    with pytest.raises(UsageError, match=r"2 problems:(\n|.)*contacts(\n|.)*services"):
        target_population(both, registers, AS_OF)


def test_an_empty_cohort_says_who_was_left_out(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[PERSON], diagnoses=[])
    old = made_up(population=Population(age_years=(70, 130)))
    with pytest.raises(DesignError, match="reasons: younger than 70 years;") as caught:
        build_cohort(old, registers, AS_OF)
    assert caught.value.exit_code == 4
    with pytest.raises(DesignError, match="nobody is eligible"):
        target_population(old, registers, AS_OF)


def test_a_horizon_that_nothing_covers_is_an_empty_cohort(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[PERSON], diagnoses=[])
    with pytest.raises(DesignError, match="no index date at all"):
        build_cohort(made_up(index=Every(years=2), horizon="20y"), registers, AS_OF)


def test_too_few_outcomes(build_registers: BuildRegisters, made_up: MadeUp):
    def built(outcomes: int) -> int:
        registers = build_registers(
            persons=[{"person_id": number, "birth_date": date(1950, 1, 1)} for number in range(40)],
            diagnoses=[{"person_id": number, "date": date(2020, 1, 1), "code": "I639"} for number in range(outcomes)],
        )
        return build_cohort(made_up(), registers, AS_OF).people.height

    assert built(30) == 40
    with pytest.raises(DesignError, match="fewer than 30 outcomes among index dates whose horizon is covered"):
        built(29)


def test_excluding_takes_only_what_is_present_or_not():
    with pytest.raises(UsageError, match="own rows"):
        Excluding(
            having=Count(register="diagnoses", codes="F00", relative="mother"),
            reason=LocalisedText(en="mother", sv="mor"),
        )


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Give a folder as `write_registers` wrote it."""
    manifest = Manifest(name="old", data_end=AS_OF, tables={"persons": TableManifest()})
    return write_registers(tmp_path / "alone" / "registers", {"persons": pl.DataFrame({"person_id": [2]})}, manifest)


def test_a_full_disk_leaves_the_old_folder_whole(written: Path, monkeypatch: pytest.MonkeyPatch):
    before = {path.name: path.read_bytes() for path in written.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    manifest = Manifest(name="new", data_end=AS_OF, tables={"persons": TableManifest()})
    with pytest.raises(OSError, match="No space"):
        write_registers(written, {"persons": pl.DataFrame({"person_id": [1]})}, manifest)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before
    assert [path.name for path in written.parent.iterdir()] == [written.name]


def test_a_rename_that_fails_puts_the_old_folder_back(written: Path, monkeypatch: pytest.MonkeyPatch):
    before = sorted(path.name for path in written.iterdir())
    rename = Path.rename

    def fails_once(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_once)
    manifest = Manifest(name="new", data_end=AS_OF, tables={"persons": TableManifest()})
    with pytest.raises(OSError, match="Input/output"):
        write_registers(written, {"persons": pl.DataFrame({"person_id": [1]})}, manifest)
    assert sorted(path.name for path in written.iterdir()) == before
