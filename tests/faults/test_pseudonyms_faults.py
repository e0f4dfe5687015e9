"""The command that pseudonymises: what it says, what it ends with, and what it never says."""

from pathlib import Path

import polars as pl

from commands import Finished, riskstrat

NUMBER, OTHER = "20121212-1212", "811228-9874"


def pseudonymise(place: Path, *options: str, secret: str = "a long enough secret") -> Finished:  # noqa: S107
    paths = [place / name for name in ("raw.csv", "out", "keys/key.parquet")]
    return riskstrat("pseudonymise", *paths, *options, environment={"RISKSTRAT_PSEUDONYM_SECRET": secret})


def identity(number: int) -> str:
    """An identity number of somebody born on 12 December 1912, with its check digit."""
    digits = f"121212{number:03d}"
    doubled = "".join(str(int(digit) * (2 - place % 2)) for place, digit in enumerate(digits))
    return f"19{digits}{-sum(map(int, doubled)) % 10}"


def test_it_says_what_it_did_in_released_counts(tmp_path: Path):
    people = [identity(number) for number in range(123)]
    (tmp_path / "raw.csv").write_text("pnr;x\n" + "".join(f"{each};1\n{each};2\n" for each in people))
    done = pseudonymise(tmp_path, "--column", "pnr")
    assert done.returncode == 0, done.stderr
    assert "245 rows of 125 people, (withheld) of them new" in done.stdout


def test_few_people_are_not_counted(tmp_path: Path):
    (tmp_path / "raw.csv").write_text(f"pnr;x\n{NUMBER};1\n{OTHER};2\n")
    done = pseudonymise(tmp_path, "--column", "pnr=LopNr")
    assert done.returncode == 0, done.stderr
    assert "(withheld) rows of (withheld) people, (withheld) of them new" in done.stdout
    assert pl.read_parquet(tmp_path / "out" / "raw.parquet").columns == ["LopNr", "x"]


def test_failures_end_with_their_exit_codes_and_tell_no_value(tmp_path: Path):
    (tmp_path / "raw.csv").write_text(f"pnr;mor\n{NUMBER};{OTHER}\n")
    told = [pseudonymise(tmp_path, "--column", "pnr"), pseudonymise(tmp_path, secret="short")]  # noqa: S106
    assert [each.returncode for each in told] == [3, 2]
    said = "".join(each.stdout + each.stderr for each in told)
    assert "Traceback" not in said
    assert not any(value in said for value in (NUMBER, OTHER))
    assert not (tmp_path / "out").exists()
