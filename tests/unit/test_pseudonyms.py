"""Pseudonymising made-up deliveries: the same person's number everywhere, nothing that leads back, nothing told."""

import logging
import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.intake.key_file import SECRET_VARIABLE
from riskstrat.intake.pseudonyms import pseudonymise
from riskstrat.records.intake_account import Pseudonymised

ANNA, BO, CECILIA = "20121212-1212", "811228-9874", "19670919-9530"
"""Right numbers of nobody, as they stand in handbooks."""

AS_OF = date(2024, 1, 1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "raw" / "LISA").mkdir(parents=True)
    monkeypatch.setenv(SECRET_VARIABLE, "a long enough secret of a test")
    return tmp_path


def write(place: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    (place / "raw" / name).write_text(text, encoding=encoding)


def run(place: Path, out: str = "out", **given: object) -> Pseudonymised:
    return pseudonymise(place / "raw", place / out, place / "keys" / "key.parquet", **{"as_of": AS_OF, **given})


def test_one_number_a_person_over_files_columns_spellings_and_formats(place: Path):
    write(place, "PAR.csv", f"PersonNr;HDIA;Å\n{ANNA};I219;å\n{BO};J45;\n;E11;x\n", "latin-1")
    write(place, "LISA/LISA_2010.tsv", f"pnr\tmor\n19811228 9874\t{ANNA.replace('-', '')}\n1212121212\t{CECILIA}\n")
    pl.DataFrame({"id": [196709199530, 201212121212], "date": [AS_OF] * 2}).write_parquet(
        place / "raw" / "DORS.parquet"
    )
    done = run(place)
    par, lisa, dors = (
        pl.read_parquet(place / "out" / name) for name in ("PAR.parquet", "LISA/LISA_2010.parquet", "DORS.parquet")
    )
    anna, bo, nobody = par["PersonNr"]
    assert par.select("HDIA", "Å").rows() == [("I219", "å"), ("J45", ""), ("E11", "x")]
    assert nobody is None
    assert lisa["pnr"].to_list() == [bo, anna]
    assert lisa["mor"][0] == anna
    assert dors["id"].to_list() == [lisa["mor"][1], anna]
    assert dors["date"].to_list() == [AS_OF] * 2
    assert {anna, bo, lisa["mor"][1]} == {1, 2, 3}
    assert (done.people, done.new_people, done.rows, done.left_out, done.unusual) == (3, 3, 7, 0, 0)
    assert done.columns == {
        "DORS.parquet": ("id",),
        "LISA/LISA_2010.parquet": ("pnr", "mor"),
        "PAR.parquet": ("PersonNr",),
    }


def test_a_later_delivery_gets_the_same_numbers_and_new_people_the_next(place: Path):
    write(place, "a.csv", f"pnr\n{ANNA}\n{BO}\n")
    run(place)
    first = pl.read_parquet(place / "out" / "a.parquet")["pnr"].to_list()
    write(place, "a.csv", f"pnr\n{CECILIA}\n{BO}\n{ANNA}\n")
    done = run(place, "again")
    assert pl.read_parquet(place / "again" / "a.parquet")["pnr"].to_list() == [3, *reversed(first)]
    assert (done.people, done.new_people) == (3, 1)


@pytest.mark.parametrize(
    ("written", "century"),
    [
        ("121212-1212", "20"),
        ("121212+1212", "19"),
        ("231231-1213", "20"),
        ("240101-1212", "20"),
        ("240102-1210", "19"),
        ("121272-1212", "20"),
    ],
)
def test_ten_digits_belong_to_the_last_hundred_years_unless_there_is_a_plus(place: Path, written: str, century: str):
    digits = "".join(letter for letter in written if letter.isdigit())
    other = {"19": "20", "20": "19"}[century]
    write(place, "a.csv", f"pnr\n{written}\n{century}{digits}\n{other}{digits}\n")
    run(place, columns=["pnr"])
    short, right, wrong = pl.read_parquet(place / "out" / "a.parquet")["pnr"]
    assert short == right != wrong


def test_ten_digits_without_a_day_have_no_century(place: Path):
    write(place, "a.csv", f"pnr\n{ANNA}\n")
    run(place, as_of=None)
    write(place, "a.csv", f"pnr\n{ANNA}\n{BO}\n")
    with pytest.raises(UsageError, match="as_of"):
        run(place, "again", as_of=None)


def test_the_key_file_is_its_owners_and_holds_no_identity(place: Path):
    write(place, "a.csv", f"pnr\n{ANNA}\n{BO}\n")
    run(place)
    key = place / "keys" / "key.parquet"
    assert key.stat().st_mode & 0o777 == 0o600
    assert pl.read_parquet(key)["person_id"].to_list() == [0, 1, 2]
    everything = b"".join(path.read_bytes() for path in (key, place / "out" / "a.parquet"))
    assert not any(part.encode() in everything for part in ("121212", "811228", "9874"))


def test_numbers_are_in_no_order_of_identity(place: Path):
    rows = [f"19{year:02d}0101-0000" for year in range(100)]
    write(place, "a.csv", "\n".join(["pnr", *rows]))
    run(place, columns=["pnr"])
    numbers = pl.read_parquet(place / "out" / "a.parquet")["pnr"]
    assert sorted(numbers) == list(range(1, 101))
    assert abs(pl.DataFrame({"a": numbers, "b": range(100)}).select(pl.corr("a", "b")).item()) < 0.35


def test_columns_can_be_named_anew_and_odd_keys_are_counted(place: Path):
    write(place, "a.csv", f"pnr;x\n{ANNA};1\nab 12;2\nAB12;3\n")
    done = run(place, columns={"pnr": "LopNr"})
    numbers = pl.read_parquet(place / "out" / "a.parquet")["LopNr"].to_list()
    assert numbers[1] == numbers[2] != numbers[0]
    assert (done.people, done.unusual) == (2, 1)


def test_broken_rows_are_left_out_and_counted_and_empty_files_stay(place: Path):
    write(place, "a.csv", f"pnr;x\n{ANNA};1\n{BO};2;{CECILIA}\n")
    write(place, "b.csv", "pnr;x\n")
    done = run(place)
    assert (done.rows, done.left_out) == (1, 1)
    assert pl.read_parquet(place / "out" / "b.parquet").shape == (0, 2)


def test_identities_in_other_columns_stop_it(place: Path, caplog: pytest.LogCaptureFixture):
    write(place, "a.csv", f"pnr;mor\n{ANNA};{BO}\n")
    write(place, "b.csv", f"{CECILIA};x\n{ANNA};1\n")
    write(place, f"c_{BO}.csv", "x\n1\n")
    with caplog.at_level(logging.DEBUG), pytest.raises(ContractError) as rejected:
        run(place, columns=["pnr"])
    assert [problem.column for problem in rejected.value.problems] == ["mor", "column 1", None]
    told = str(rejected.value) + caplog.text
    assert not any(value in told for value in (ANNA, BO, CECILIA))
    assert not (place / "out").exists()
    assert not (place / "keys").exists()


@pytest.mark.parametrize("broken", [b"", b"PAR1 not really", b"\x00\x01\x02" * 100])
def test_unreadable_files_are_told_of(place: Path, broken: bytes):
    (place / "raw" / "a.parquet").write_bytes(broken)
    with pytest.raises(ContractError, match=r"a\.parquet"):
        run(place)


def test_places_and_secrets_that_are_not_fit_are_refused(place: Path, monkeypatch: pytest.MonkeyPatch):
    write(place, "a.csv", f"pnr\n{ANNA}\n")
    raw, key = place / "raw", place / "key.parquet"
    with pytest.raises(UsageError, match="kept apart"):
        pseudonymise(raw, place / "out", place / "out" / "key.parquet", as_of=AS_OF)
    with pytest.raises(UsageError, match="kept apart"):
        pseudonymise(raw, place / "out", raw / "key.parquet", as_of=AS_OF)
    (place / "registers.toml").write_text("")
    with pytest.raises(UsageError, match="kept apart"):
        pseudonymise(raw, place / "out", key, as_of=AS_OF)
    (place / "registers.toml").unlink()
    with pytest.raises(UsageError, match="is the source"):
        pseudonymise(raw, raw, place / "k" / "key.parquet", as_of=AS_OF)
    with pytest.raises(ContractError, match="name this column too"):
        pseudonymise(raw, place / "out", key, ["LopNr"], as_of=AS_OF)
    write(place, "a.csv", "LopNr\n1\n")
    with pytest.raises(UsageError, match="nothing to do"):
        pseudonymise(raw, place / "out", key, as_of=AS_OF)
    monkeypatch.setenv(SECRET_VARIABLE, "short")
    with pytest.raises(UsageError, match="5 bytes"):
        pseudonymise(raw, place / "out", key, as_of=AS_OF)
    monkeypatch.delenv(SECRET_VARIABLE)
    with pytest.raises(UsageError, match="secret of 0 bytes"):
        pseudonymise(raw, place / "out", key, as_of=AS_OF)


@pytest.mark.skipif(os.name != "posix", reason="rights of owner, group and others are POSIX")
def test_secret_and_key_files_must_be_closed_to_others(place: Path):
    write(place, "a.csv", f"pnr\n{ANNA}\n")
    secret = place / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        run(place, secret_file=secret)
    secret.chmod(0o600)
    run(place, secret_file=secret)
    with pytest.raises(UsageError, match="another secret"):
        run(place, "again")
    (place / "keys" / "key.parquet").chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        run(place, "again", secret_file=secret)


def test_a_file_that_is_no_key_file_is_refused(place: Path):
    write(place, "a.csv", f"pnr\n{ANNA}\n")
    key = place / "keys" / "key.parquet"
    key.parent.mkdir()
    key.write_text("no")
    key.chmod(0o600)
    with pytest.raises(UsageError, match="no key file"):
        run(place)
