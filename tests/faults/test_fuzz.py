"""500 mutated folders, files, condition files and calls: a sentence with a documented exit code, or nothing is lost.

Each mutation has its own seed. What is not refused is as it was without the mutation, or what is printed has changed.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from riskstrat.cli import main
from riskstrat.cli.boundary import LOG
from riskstrat.declare import Condition
from riskstrat.errors import RiskstratError
from riskstrat.files import RESULT_FILE, mark_result
from riskstrat.records.study import Study
from riskstrat.registers import Registers, open_registers
from small_extracts import POPULATION, homes, write
from small_registers import write_register_folder

pytestmark = pytest.mark.slow

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 130}
LONGEST_SECONDS = 120
Said = tuple[int, str, str]
RunCommand = Callable[..., Said]


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a test that can be repeated


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    def late(*_: object) -> None:
        pytest.fail(f"still running after {LONGEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Run a command in this process; exit code, output and error stream, after what must hold of each."""

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["riskstrat", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        code, (out, err) = int(left.value.code or 0), capsys.readouterr()
        assert code in DOCUMENTED, err
        assert LOG not in err, err
        assert "Traceback" not in err, err
        assert code == 0 or "riskstrat: " in err or (code == 3 and out), (out, err)
        return code, out, err

    return run


# --- register folders


PEOPLE = [{"person_id": number, "birth_date": date(1940 + number % 60, 1 + number % 12, 3)} for number in range(1, 41)]
EVENTS = [
    {"person_id": 1 + number % 40, "date": date(2010 + number % 13, 5, 1 + number % 28), "code": f"I{20 + number % 9}",
     "setting": "inpatient", "position": "main", "value": float(number)}
    for number in range(300)
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "registers"
    areas = [{"area_id": "A", "name": "Alby", "municipality": "Modellstad"}]
    drugs = [{**event, "code": "C10AA01", "setting": None, "position": None} for event in EVENTS[:100]]
    write_register_folder(folder, PEOPLE, areas=areas, diagnoses=EVENTS, prescriptions=drugs)
    mark_result(folder, "intake")
    return folder


def tables_of(folder: Path) -> dict[str, pl.DataFrame]:
    registers = open_registers(folder)
    return {table: registers.scan(table).collect().sort(pl.all()) for table in registers.sources}


def a_table(rng: random.Random, folder: Path, *tables: str) -> Path:
    return folder / f"{rng.choice(tables or ('persons', 'residences', 'diagnoses', 'prescriptions'))}.parquet"


def rewritten(path: Path, how: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change a table as its owner might: the folder is no longer a result of a command."""
    how(pl.read_parquet(path)).write_parquet(path)
    (path.parent / RESULT_FILE).unlink()


def some_rows(rng: random.Random, rows: int) -> pl.Expr:
    return pl.int_range(pl.len()).is_in(rng.sample(range(rows), min(rows, rng.randint(1, 9))))


def misspelt(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word))
    return rng.choice([word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word.capitalize() + "_", word[::-1]])


def flip(rng: random.Random, folder: Path) -> None:
    path = a_table(rng, folder)
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(rng: random.Random, folder: Path) -> None:
    path = a_table(rng, folder)
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])
    (folder / RESULT_FILE).unlink()


def remove(rng: random.Random, folder: Path) -> None:
    rng.choice([a_table(rng, folder), folder / "registers.toml"]).unlink()


def drop_column(rng: random.Random, folder: Path) -> None:
    path = a_table(rng, folder)
    needed = {"persons": ["birth_date", "sex"], "residences": ["start_date"]}.get(path.stem, ["date", "code"])
    rewritten(path, lambda frame: frame.drop(rng.choice(["person_id", *needed])))


def misspell_column(rng: random.Random, folder: Path) -> None:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        name = rng.choice(frame.columns)
        return frame.rename({name: misspelt(rng, name)})

    rewritten(a_table(rng, folder), change)


def retype(rng: random.Random, folder: Path) -> None:
    kind = rng.choice([pl.String, pl.Binary, pl.Boolean, pl.Datetime("us", "UTC"), pl.List(pl.String)])

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        name = rng.choice([each for each in ("person_id", "birth_date", "start_date", "date") if each in frame.columns])
        value = pl.lit(None, dtype=pl.String).cast(kind) if kind != pl.String else pl.col(name).cast(pl.String) + "x"
        return frame.with_columns(value.alias(name))

    rewritten(a_table(rng, folder), change)


def spoil(column: str, value: object, *tables: str) -> Callable[[random.Random, Path], None]:
    """Write a value that breaks the contract into some rows."""

    def change(rng: random.Random, folder: Path) -> None:
        def spoilt(frame: pl.DataFrame) -> pl.DataFrame:
            wrong = pl.when(some_rows(rng, frame.height)).then(pl.lit(value, dtype=frame.schema[column]))
            return frame.with_columns(wrong.otherwise(column).alias(column))

        rewritten(a_table(rng, folder, *tables), spoilt)

    return change


def double(rng: random.Random, folder: Path) -> None:
    path = a_table(rng, folder, "persons", "residences")
    rewritten(path, lambda frame: pl.concat([frame, frame.sample(3, seed=rng.randrange(99))]))


def in_manifest(change: Callable[[random.Random, str], str]) -> Callable[[random.Random, Path], None]:
    def changed(rng: random.Random, folder: Path) -> None:
        path = folder / "registers.toml"
        path.write_text(change(rng, path.read_text(encoding="utf-8")), encoding="utf-8")

    return changed


def misspell_key(rng: random.Random, text: str) -> str:
    keys = ["data_end", "[tables.persons]", "[tables.diagnoses]", "coverage_start", "coverage_end", "delay_days",
            "code_system", "icd10_se", "name"]  # fmt: skip
    key = rng.choice([each for each in keys if each in text])
    word = key.strip("[]").removeprefix("tables.")
    return text.replace(word, misspelt(rng, word), 1)


def nonsense_value(rng: random.Random, text: str) -> str:
    wrong = ["-1", "10000000000000", "'soon'", "[1]", "1.5", "nan", "9999-12-31", "0001-01-01", "true", "{ a = 1 }"]
    lines = text.splitlines()
    at = rng.choice([n for n, line in enumerate(lines) if line.startswith(("delay_days", "coverage", "data_end"))])
    lines[at] = f"{lines[at].partition('=')[0]}= {rng.choice(wrong)}"
    return "\n".join(lines)


def nest(rng: random.Random, text: str) -> str:
    depth = rng.choice([50, 500, 5_000, 50_000])
    return rng.choice([text + "\nx = " + "[" * depth + "]" * depth, text + "\n[" + ".".join("a" * depth) + "]\n"])


def garble(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(["\0", "\x1b[2J", "=", "[", '"', "\n[tables.persons]\n", "\u202e", "å"]) + text[at:]


FOLDER_FAULTS: Mapping[str, Callable[[random.Random, Path], None]] = {
    "flip": flip, "cut": cut, "remove": remove, "drop_column": drop_column, "misspell_column": misspell_column,
    "retype": retype, "double": double,
    "unknown sex": spoil("sex", "other", "persons"),
    "nobody": spoil("person_id", None),
    "no birth": spoil("birth_date", None, "persons"),
    "death first": spoil("death_date", date(1900, 2, 2), "persons"),
    "stranger": spoil("person_id", 999, "residences", "diagnoses", "prescriptions"),
    "no date": spoil("date", None, "diagnoses", "prescriptions"),
    "sentinel": spoil("date", date(9999, 12, 31), "diagnoses", "prescriptions"),
    "before birth": spoil("date", date(1800, 1, 2), "diagnoses", "prescriptions"),
    "end first": spoil("end_date", date(1901, 1, 1), "residences", "diagnoses", "prescriptions"),
    "unknown area": spoil("area_id", "Z", "residences"),
    "misspell_key": in_manifest(misspell_key), "nonsense_value": in_manifest(nonsense_value),
    "nest": in_manifest(nest), "garble": in_manifest(garble),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(160))
def test_a_mutated_folder(seed: int, whole: Path, tmp_path: Path, command: RunCommand):
    rng, folder = dice(seed), tmp_path / "registers"
    shutil.copytree(whole, folder)
    fault = list(FOLDER_FAULTS)[seed % len(FOLDER_FAULTS)]
    FOLDER_FAULTS[fault](rng, folder)
    _, before, _ = command("check", whole)
    code, out, _ = command("check", folder)
    if code == 0 and out == before:
        manifests = open_registers(folder).manifest, open_registers(whole).manifest
        unchanged = all(found.equals(tables_of(whole)[table]) for table, found in tables_of(folder).items())
        assert unchanged or manifests[0] != manifests[1], fault


# --- raw extracts


DRUGS = "LopNr;ATC;EDATUM;antal\n1;C10AA01;2011-02-03;1\n2;N06AB04;2012-03-04;2\n1;C10AA05;2013-04-05;1\n"
EXTRACTS = {"RTB_demografi.csv": POPULATION, **homes(), "LMED_2010_2013.csv": DRUGS}


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taken_in")
    write(folder / "raw", EXTRACTS)
    rs.intake.extracts(folder / "raw", folder / "registers")
    return folder / "registers"


def mutated_file(rng: random.Random, text: str) -> bytes:
    lines, content = text.splitlines(), text.encode()
    at = rng.randrange(len(content))
    line = rng.randrange(len(lines))
    return rng.choice([
        lambda: content[:at],
        lambda: content[:at] + bytes([rng.choice([0, 255, 34, 59, 10, 13, 129])]) + content[at:],
        lambda: text.encode("utf-16"),
        lambda: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r"),
        lambda: "\n".join([*lines[:line], lines[line] + ";;;", *lines[line + 1 :]]).encode(),
        lambda: "\n".join([*lines[:line], lines[line].rpartition(";")[0], *lines[line + 1 :]]).encode(),
        lambda: text.replace(";", rng.choice("\t|,"), rng.randint(1, 99)).encode(),
        lambda: text.replace("LopNr", misspelt(rng, "LopNr")).encode(),
        lambda: b"",
        text.partition("\n")[0].encode,
        lambda: b"PK\x03\x04" + content,
        lambda: content.replace(b"20", rng.choice([b"99", b"-0", b"xx"]), rng.randint(1, 5)),
    ])()  # fmt: skip


@pytest.mark.parametrize("seed", range(120))
def test_a_mutated_extract(seed: int, taken_in: Path, tmp_path: Path, command: RunCommand):
    rng = dice(10_000 + seed)
    file = rng.choice(list(EXTRACTS))
    write(tmp_path / "raw", {**EXTRACTS, file: mutated_file(rng, EXTRACTS[file])})
    code, _, _ = command("intake", tmp_path / "raw", "--out", tmp_path / "registers")
    if code == 0:
        told = (tmp_path / "registers" / "intake.html").read_bytes() != (taken_in / "intake.html").read_bytes()
        found = tables_of(tmp_path / "registers")
        assert told or all(table.equals(tables_of(taken_in)[name]) for name, table in found.items())
    else:
        assert not (tmp_path / "registers").exists()


# --- condition files


SHIPPED = Path(rs.conditions.__file__).parent
WORDS = ("diagnoses", "inpatient", "main", "prescriptions", "services", "contacts", "codes=", "within=", "Every(",
         "Population(", "horizon=", "washout=", "Condition(", "import", "CONDITION",
         "features=", "settings=", "1y", "5y")  # fmt: skip


def mutated_condition(rng: random.Random, text: str) -> str:
    lines, at = text.splitlines(), rng.randrange(len(text))
    line = rng.randrange(len(lines))
    word = rng.choice([each for each in WORDS if each in text])
    return rng.choice([
        lambda: text[:at] + text[at + rng.randint(1, 9) :],
        lambda: text[:at] + rng.choice(["(", '"', "\0", "\t", "é", "1/0", "raise ", "exit()"]) + text[at:],
        lambda: "\n".join(lines[:line] + lines[line + 1 :]),
        lambda: "\n".join([*lines[:line], lines[line], *lines[line:]]),
        lambda: text.replace(word, misspelt(rng, word), 1),
        lambda: text.replace(word, misspelt(rng, word)),
        lambda: "\n".join([*lines[:line], rng.choice(["import sys; sys.exit(0)", "0/0"]), *lines[line:]]),
        lambda: text[:at],
    ])()  # fmt: skip


@pytest.mark.parametrize("seed", range(120))
def test_a_mutated_condition_file(seed: int, tmp_path: Path, command: RunCommand):
    rng = dice(20_000 + seed)
    name = rng.choice(rs.conditions.available())
    file = tmp_path / "mine.py"
    file.write_text(mutated_condition(rng, (SHIPPED / f"{name}.py").read_text(encoding="utf-8")), encoding="utf-8")
    code, out, _ = command("describe", file, "--json")
    assert code in (0, 2)
    assert code == 2 or isinstance(Condition.from_json(out), Condition)


# --- calls


def calls(study: Study, registers: Registers, out: Path) -> dict[str, tuple[Callable[..., object], dict[str, object]]]:
    """Calls that work; each argument of one is replaced."""
    cohort, risk, condition = study.cohort.covered, study.evaluation.risk, study.condition
    programme, areas = condition.programmes[0], study.areas
    ratio = {"observed": [3.0, 5.0, 8.0], "expected": [4.0, 4.0, 8.0]}
    with_registers = {"condition": condition, "registers": registers, "as_of": study.as_of}
    status = {"y": cohort.outcome, "risk": risk, "horizon_days": cohort.horizon_days}
    return {
        "validate": (rs.validate, {"risk": risk, "cohort": cohort, "by": "sex", "draws": 2, "seed": 1, "level": 0.9}),
        "estimate_areas": (rs.estimate_areas, {
            "cohort": cohort, "risk": risk, "target": study.target, "target_risk": study.target_risk,
            "by": "area_id", "smoothing": "gamma", "seed": 0, "draws": 50}),
        "exceedance": (areas.exceedance, {"threshold": 1.2, "of": "relative_risk"}),
        "ranks": (areas.ranks, {"top": 3, "of": "risk"}),
        "prioritise": (rs.prioritise, {"areas": areas, "programme": programme, "budget_sek": 1e6, "seed": 0}),
        "target_population": (rs.target_population, with_registers),
        "check": (rs.check, {"registers": registers, "rows_at_a_time": 1000}),
        "publish": (rs.publish, {"study": study, "disclosure": study.settings.disclosure}),
        "export": (rs.export, {"study": study, "folder": out / "tables"}),
        "explain_design": (rs.features.explain_design, {
            "features": condition.features[:2], "cohort": cohort, "registers": registers,
            "person_id": cohort.people["person_id"][0], "index_date": cohort.people["index_date"][0]}),
        "smooth": (rs.areas.smooth, {**ratio, "method": "gamma", "seed": 0}),
        "rates": (rs.areas.rates, {"count": [1, 2], "denominator": [10, 20], "kind": "rate", "level": 0.9, "per": 1.0}),
        "funnel_limits": (rs.areas.funnel_limits, {"expected": [1.0, 2.0], "level": 0.9}),
        "inequality": (rs.areas.inequality, {
            "value": [0.1, 0.2, 0.3], "people": [10, 20, 30], "deprivation": [1.0, 2.0, 3.0]}),
        "auc": (rs.validation.auc, status), "brier": (rs.validation.brier, status),
        "calibration": (rs.validation.calibration, status), "concordance": (rs.validation.concordance, status),
        "net_benefit": (rs.validation.net_benefit, {**status, "thresholds": [0.1, 0.2]}),
        "cumulative_incidence": (rs.validation.cumulative_incidence, {
            "y": cohort.outcome, "times": [100, 200], "by": cohort.people["sex"], "level": 0.9}),
        "censoring_weights": (rs.validation.censoring_weights, {
            "y": cohort.outcome, "horizon_days": cohort.horizon_days, "truncate": 0.99}),
        "person_folds": (rs.validation.person_folds, {"people": cohort.people, "k": 3, "seed": 0}),
        "temporal_split": (rs.validation.temporal_split, {
            "people": cohort.people, "horizon_days": cohort.horizon_days, "k": 2, "seed": 0}),
        "municipality": (rs.synthetic.municipality, {"people": 1_000, "seed": 0}),
        "charlson": (rs.codes.charlson, {"diagnoses": pl.DataFrame(), "score": "charlson_se"}),
        "codelist": (rs.codes.codelist, {"name_or_expression": "heart_failure"}),
    }  # fmt: skip


SLIPS = (
    None, "", "x", "2024-13-45", -1, 0, 3, 10**30, -1e308, float("nan"), float("inf"), True, (), [], [1, 2], ["a", 1],
    [None], {}, {"a": 1}, b"x", date.min, date.max, np.array([np.nan]), np.array(["a"]), np.zeros((2, 2, 2)),
    pl.DataFrame(), pl.DataFrame({"person_id": [1]}), pl.Series([1, None]), object(), rs, int, lambda: 1, 1 + 2j,
)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(100))
def test_a_mutated_call(
    seed: int,
    municipality_study: Study,
    small_municipality: Registers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)  # a text that is no date may be a relative path
    rng = dice(30_000 + seed)
    known = calls(municipality_study, small_municipality, tmp_path)
    function, arguments = known[list(known)[seed % len(known)]]
    for slip in rng.sample(SLIPS, 5):
        name = rng.choice(list(arguments))
        try:
            function(**{**arguments, name: slip})
        except RiskstratError:
            continue
        except Exception as raised:  # noqa: BLE001 - the test is that there is none
            pytest.fail(f"{function.__name__}({name}={slip!r}): {type(raised).__name__}: {raised}")
