"""Whatever is delivered: no row is lost, the order of files and lines changes nothing, a clean register comes back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data_errors import carried
from examples import examples
from riskstrat.errors import ContractError
from riskstrat.intake import extracts
from riskstrat.intake.raw_extracts.cleaning import cleaned
from riskstrat.intake.raw_extracts.mapping import Column
from riskstrat.intake.raw_extracts.text import FAULT, UnreadableError, dialect_of, text_frames
from riskstrat.records.intake_account import IntakeAccount
from riskstrat.registers import open_registers
from riskstrat.synthetic.extracts.clean import COLUMNS, choose_people, clean_tables, residences_by_year
from riskstrat.synthetic.extracts.writing import write_extracts
from small_extracts import POPULATION, homes, write

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
DAY = Column(names=("day",), kind="date", status="verified")
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12)
PERSON = st.sampled_from(["1", "2", "3", "", "x", "0001", "2.0"])
DATES = st.dates(date(1900, 1, 2), date(2030, 1, 1))
WRITTEN = st.one_of(
    DATES.map("{:%Y%m%d}".format), DATES.map("{:%Y%m00}".format), st.sampled_from(["", "9999", "2011", "?"])
)
DRUGS = st.lists(
    st.tuples(
        PERSON, st.sampled_from(["N02BE01", "C07AB02", "", "?"]), WRITTEN, st.sampled_from(["1", "-1", "0,5", "", "x"])
    ),
    max_size=30,
)


class Found(NamedTuple):
    account: IntakeAccount
    kept: dict[str, pl.DataFrame]
    rejected_rows: dict[str, pl.DataFrame]


def run_on_files(files: dict[str, str]) -> Found:
    with TemporaryDirectory() as place:
        write(Path(place) / "raw", {"RTB_demografi.csv": POPULATION, **homes(), **files})
        found = extracts(Path(place) / "raw", Path(place) / "registers", max_rejected_share=1)
        tables = {table: found.registers.scan(table).collect() for table in found.registers.tables}
        rejected = {path.stem: pl.read_parquet(path) for path in (found.folder / "rejected").glob("*.parquet")}
    return Found(found.account, tables, rejected)


def lines(rows: list[tuple[str, ...]]) -> str:
    return "LopNr;ATC;EDATUM;ANTAL;forpddd\n" + "".join(";".join((*row, "10")) + "\n" for row in rows)


@settings(max_examples=examples(8), deadline=None)
@given(DRUGS)
def test_rows_add_up_to_the_last_one(rows: list[tuple[str, ...]]):
    found = run_on_files({"LMED_2011.csv": lines(rows)})
    account = found.account
    for place in account.counts["dataset"].unique():
        first = "read" if "." in place else "made"
        ends = ("kept", "rejected") if "." in place else ("kept", "rejected", "merged")
        assert account.rows_of(place, first) == sum(account.rows_of(place, end) for end in ends), place
    assert account.rows_of("lmed.dispensings", "read") == len(rows)
    for place, frame in found.rejected_rows.items():
        assert frame.height == account.rows_of(place, "rejected")
    for table, frame in found.kept.items():
        if table != "areas":
            assert frame.height == account.rows_of(table, "kept")


@settings(max_examples=examples(5), deadline=None)
@given(DRUGS, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_their_division_into_files_change_nothing(rows: list[tuple[str, ...]], random: Random):
    mixed = list(rows)
    random.shuffle(mixed)
    half = len(mixed) // 2
    one = run_on_files({"LMED_2011.csv": lines(rows)})
    other = run_on_files({"LMED_2011.csv": lines(mixed[:half]), "LMED_2012.csv": lines(mixed[half:])})
    assert set(one.kept) == set(other.kept)
    for table, frame in one.kept.items():
        assert_frame_equal(frame, other.kept[table], check_row_order=False)


@given(DATES)
def test_a_day_is_read_in_every_writing(day: date):
    texts = [f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%Y-%m-%d} 00:00:00", f"{day:%Y-%m-%d}T12:00"]
    assert cleaned(DAY, pl.DataFrame({"day": texts})).value.to_list() == [day] * 4


@given(st.text(max_size=12))
def test_no_text_is_read_as_an_impossible_day(text: str):
    found = cleaned(DAY, pl.DataFrame({"day": [text]}, schema={"day": pl.String}))
    lost = any(bool(flag[0]) for flag in found.set_to_null.values())
    assert (found.value[0] is None) == lost


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from([";", "\t", ",", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_quoted_text_comes_back(table: list[list[str]], separator: str, encoding: str):
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in table]
    text = "\n".join(separator.join(row) for row in [["LopNr", "ATC", "EDATUM"], *quoted]) + "\n"
    with TemporaryDirectory() as place:
        path = Path(place) / "file.csv"
        path.write_bytes(text.encode(encoding))
        try:
            dialect = dialect_of(path, lambda name: name in {"LopNr", "ATC", "EDATUM"})
        except UnreadableError as refused:
            if str(refused) == "content that is not text":
                return
            raise
        found = pl.concat(text_frames(path, dialect))
    assert dialect.separator == separator
    assert found[FAULT].drop_nulls().is_empty()
    assert found.select(pl.nth(range(3))).rows() == [tuple(row) for row in table]


SOUND = {
    "LMED_2011.csv": "LopNr;ATC;EDATUM;ANTAL;forpddd\n" + "1;N02BE01;20110101;1;98,5\n2;C07AB02;20110301;2;10\n" * 3,
    "RTB_demografi.csv": POPULATION,
    "RTB_migrationer.csv": "LopNr;Posttyp;Datum\n1;Utv;20110301\n1;Inv;20120301\n",
    **homes(),
}
MARKS = [b'"', b";", b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t", b",,,", b"0", b"1"]
MUTATION = st.tuples(st.integers(0, 160), st.integers(0, 12), st.one_of(st.binary(max_size=6), st.sampled_from(MARKS)))


@settings(max_examples=examples(10), deadline=None)
@given(st.sampled_from(sorted(SOUND)), st.lists(MUTATION, max_size=4), st.integers(1, 160))
def test_a_mangled_file_is_an_error_or_an_account(name: str, mutations: list[tuple[int, int, bytes]], end: int):
    content = SOUND[name].encode()
    for place, removed, added in mutations:
        content = content[:place] + added + content[place + removed :]
    with TemporaryDirectory() as folder:
        write(Path(folder) / "raw", {**SOUND, name: content[:end]})
        try:
            account = extracts(Path(folder) / "raw", Path(folder) / "registers").account
        except ContractError:
            return
    places = account.counts.filter(outcome="read")["dataset"].unique().to_list()
    assert places
    for place in places:
        assert account.rows_of(place, "read") == account.rows_of(place, "kept") + account.rows_of(place, "rejected")


@pytest.mark.slow  # known_answers/test_intake_planted.py does the same with more people, once for many tests
def test_clean_registers_come_back_from_their_extracts(tmp_path: Path):
    raw = write_extracts(SAMPLE, tmp_path / "raw", people=250, seed=11)
    clean = open_registers(SAMPLE)
    want = carried(clean_tables(clean, choose_people(clean, 250, 11)), clean.manifest.data_end)
    found = extracts(raw, tmp_path / "registers").registers
    for table, columns in COLUMNS.items():
        got = found.scan(table).collect()
        if table == "residences":
            got = residences_by_year(got, clean.manifest.data_end)
        names = got.columns if table == "residences" else list(columns)
        expected = want[table].select(names).cast({"value": pl.Float64} if "value" in names else {}).unique()
        assert_frame_equal(
            got.select(names).unique().sort(names), expected.sort(names), check_dtypes=False, abs_tol=0.06, rel_tol=1e-5
        )


def test_a_person_without_any_rows_is_a_person(tmp_path: Path):
    write(tmp_path / "raw", {"RTB_demografi.csv": POPULATION + "9;199001;2;;0\n", **homes()})
    registers = extracts(tmp_path / "raw", tmp_path / "registers").registers
    assert registers.scan("persons").collect()["person_id"].sort().to_list() == [1, 2, 9]
