"""Unique values and ids are planted in registers; nothing that leaves, is logged or is left behind holds them.

Everything of a whole run is searched, byte by byte: reports, cards, models, the store of MLflow with its SQLite file,
the saved study, tables, scores, what is printed and logged, what failing runs say, and what stays in temporary folders.
"""

from __future__ import annotations

import io
import logging
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from commands import riskstrat
from fixture_municipality import AS_OF, QUICK
from riskstrat.registers import Registers, open_registers, write_registers
from riskstrat.tracking import keep

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

FIRST_ID = 918_273_645_000_000
INCOME, DOSE = 4_213_579.2468, 1_357.97531
CODE = "Z9876Q"
BORN = date(1931, 2, 17)
SCRIPT, IMAGE = "<script>alert('name')</script>", '"><img src=x onerror=alert(1)>'
FORMULA, PATH = "=cmd|' /C calc'!A0", "../../../tmp/planted"
HOSTILE = (SCRIPT, IMAGE, FORMULA, PATH)
TEXTS = (
    b"918273645",
    b"9.18273645",
    b"4213579",
    b"4,213,579",
    b"4 213 579",
    b"1357.97",
    b"1,357.97",
    CODE.encode(),
    b"Z9876",
)
BINARY = (
    FIRST_ID.to_bytes(8, "little")[3:],  # of all ids, whatever their last three bytes
    struct.pack("<d", float(FIRST_ID))[3:],
    struct.pack("<d", INCOME),
    struct.pack("<d", DOSE),
)
SHORT = (struct.pack("<f", INCOME), struct.pack("<f", DOSE))
"""Four bytes, which packed files hold by chance."""
NEEDLES = (*TEXTS, *(text.decode().encode("utf-16-le") for text in TEXTS), *BINARY)


def planted(registers: Registers, folder: Path) -> Registers:
    """Give everybody another id, one person each a value and a code of their own, and areas hostile names."""
    entries = registers.manifest.tables
    tables = {name: registers.sources[name].scan().collect() for name in registers.tables if name in entries}
    ids = pl.col("^(person|mother|father)_id$") + FIRST_ID
    tables = {
        name: frame.with_columns(ids) if "person_id" in frame.columns else frame for name, frame in tables.items()
    }
    for table, value in (("circumstances", INCOME), ("prescriptions", DOSE)):
        first = pl.int_range(pl.len()) < 3
        tables[table] = tables[table].with_columns(value=pl.when(first).then(value).otherwise("value"))
    last = pl.int_range(pl.len()) == pl.len() - 1
    tables["diagnoses"] = tables["diagnoses"].with_columns(code=pl.when(last).then(pl.lit(CODE)).otherwise("code"))
    names = tables["areas"]["name"].to_list()
    tables["areas"] = tables["areas"].with_columns(name=pl.Series([*HOSTILE, *names[len(HOSTILE) :]]))
    geometry = {"geometry.geojson": (registers.folder / "geometry.geojson").read_text(encoding="utf-8")}  # type: ignore[attr-defined]
    return open_registers(write_registers(folder, tables, registers.manifest, geometry))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def registers(small_municipality: Registers, place: Path) -> Registers:
    return planted(small_municipality, place / "registers")


@pytest.fixture(scope="module")
def left(registers: Registers, place: Path) -> Path:
    """The folder of everything that a whole run leaves, temporary files and what was said among it."""
    out = place / "left"
    (out / "temporary").mkdir(parents=True)
    said, stream = io.StringIO(), io.StringIO()
    listening, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setenv("TMPDIR", str(out / "temporary"))
        patch.setattr(tempfile, "tempdir", None)
        root.addHandler(listening)
        root.setLevel(logging.DEBUG)
        try:
            _whole_run(registers, out, place / "private")
        finally:
            root.removeHandler(listening)
            root.setLevel(level)
        print(*_failing_runs(registers, place), sep="\n")  # noqa: T201
    tempfile.tempdir = None
    (out / "said.txt").write_text(said.getvalue() + stream.getvalue(), encoding="utf-8")
    return out


def _whole_run(registers: Registers, out: Path, private: Path) -> None:
    study = rs.run(rs.conditions.load("frailty"), registers, AS_OF, QUICK)
    published = rs.publish(study)
    print(repr(study), repr(published), study.areas, published.tables)  # noqa: T201
    reports = [rs.report(published, out / f"{language}.html", language=language) for language in ("sv", "en")]
    (out / "card.md").write_text(rs.card(published, "en"), encoding="utf-8")
    rs.export(published, out / "tables")
    rs.save(study, out / "study")
    model = rs.save_model(study, out / "model")
    keep(published, out, files=reports, model=study.model)
    rs.track(published, files=reports, model=study.model, store=out / "runs.db")
    private.mkdir()
    folder = registers.folder  # type: ignore[attr-defined]
    arguments = ("score", model, "--registers", folder, "--as-of", AS_OF.isoformat(), "--out", out / "scores")
    assert riskstrat(*arguments, "--persons", private / "persons.parquet").returncode == 0
    for command in (("monitor", model, "--registers", folder), ("check", folder, "--condition", "frailty")):
        done = riskstrat(*command, "--as-of", AS_OF.isoformat(), "--json")
        assert done.returncode in (0, 3, 8)
        print(done.stdout, done.stderr)  # noqa: T201


def _failing_runs(registers: Registers, place: Path) -> Iterator[str]:
    """Break the registers in ways that point at single rows, and give what is said."""
    folder = registers.folder  # type: ignore[attr-defined]
    broken = place / "broken"
    broken.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (broken / path.name).write_bytes(path.read_bytes())
    whole = pl.read_parquet(folder / "persons.parquet")
    for change in (
        pl.concat([whole, whole.tail(1)]),
        whole.with_columns(sex=pl.lit(CODE)),
        whole.with_columns(birth_date=pl.col("person_id").cast(pl.String)),
        whole.with_columns(mother_id=pl.col("person_id")),
        whole.with_columns(death_date=pl.lit(date(1801, 1, 1))),
    ):
        change.write_parquet(broken / "persons.parquet")
        done = riskstrat("check", broken)
        assert done.returncode != 0
        yield done.stdout + done.stderr
    (broken / "persons.parquet").write_bytes((folder / "persons.parquet").read_bytes()[:-100])
    for command in (("run", "frailty", "--registers", broken, "--out", place / "no"), ("check", broken)):
        done = riskstrat(*command)
        assert done.returncode != 0
        yield done.stdout + done.stderr


def unpacked(path: Path) -> Iterator[bytes]:
    """Everything that a file holds packed, and the values of a Parquet table as text and numbers."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            yield from (parts.read(name) for name in parts.namelist())
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        yield frame.write_ndjson().encode()
        yield from (column.to_numpy().tobytes() for column in frame.iter_columns() if column.dtype.is_numeric())


def holds(folder: Path) -> dict[bytes, list[str]]:
    """Give the files below a folder that hold a needle."""
    found: dict[bytes, list[str]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        raw = path.read_bytes()
        told = [(needle, raw) for needle in NEEDLES]
        told += [(needle, content) for content in unpacked(path) for needle in (*NEEDLES, *SHORT)]
        for needle in {needle for needle, content in told if needle in content}:
            found.setdefault(needle, []).append(path.relative_to(folder).as_posix())
    return found


def test_the_search_finds_what_is_there(registers: Registers, left: Path, place: Path):
    """Else the tests below would show nothing."""
    there = holds(registers.folder)  # type: ignore[attr-defined]
    assert {b"918273645", b"4213579", b"1357.97", CODE.encode(), *BINARY[::2]} <= there.keys()
    assert b"918273645" in holds(place / "private")
    assert len([path for path in left.rglob("*") if path.is_file()]) > 100


def test_nothing_that_was_planted_leaves(left: Path):
    assert holds(left) == {}


def test_nothing_stays_in_the_folder_of_temporary_files(left: Path):
    assert [path.name for path in (left / "temporary").rglob("*") if path.is_file()] == []


def test_a_copy_that_waits_holds_no_more(left: Path):
    assert list((left / "untracked").glob("*/run.json"))
    assert holds(left / "untracked") == {}


def test_hostile_names_are_no_markup(left: Path):
    pages = [path for path in left.rglob("*.html") if "untracked" not in path.parts]
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert SCRIPT not in text
        assert "<img src=x" not in text
