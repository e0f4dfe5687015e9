"""Hostile and broken deliveries: one clear error that lists everything, or a counted refusal; no value and no hang."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from commands import riskstrat
from riskstrat.errors import ContractError, RiskstratError, UsageError
from riskstrat.intake import extracts
from riskstrat.registers import open_registers
from small_extracts import POPULATION, counts_by_outcome, homes, rejected, rows, run_intake, write

DRUG = "LopNr;ATC;EDATUM;ANTAL;forpddd\n"
SOUND = "1;N02BE01;20110101;1;10\n"
IDENTITY = "20121212-1212"


def problems(folder: Path, files: dict[str, str | bytes], **options: object) -> list[str]:
    with pytest.raises(ContractError) as caught:
        run_intake(folder, files, **options)
    assert caught.value.exit_code == 3
    assert not (folder / "registers").exists()
    assert [path.name for path in folder.iterdir()] == ["raw"]
    return [str(problem) for problem in caught.value.problems]


BROKEN: dict[str, tuple[dict[str, str | bytes], str]] = {
    "a file that no mapping knows": ({"surprise.csv": "a;b\n1;2\n"}, "surprise.csv: a file that no mapping knows"),
    "a column that is missing": (
        {"LMED_2011.csv": "LopNr;ATC;ANTAL\n1;N02BE01;1\n"},
        "LMED_2011.csv.dispensed: no such column",
    ),
    "a column that is there twice": ({"LMED_2011.csv": "LopNr;EDATUM;lopnr;ATC\n1;2;3;4\n"}, "2 columns of that name"),
    "an empty file": ({"LMED_2011.csv": ""}, "LMED_2011.csv: an empty file"),
    "no text at all": ({"LMED_2011.csv": bytes(range(32)) * 400}, "content that is not text"),
    "no Parquet": ({"LMED_2011.parquet": "LopNr;ATC"}, "content that is no parquet file"),
    "no Stata": ({"LMED_2011.dta": "LopNr;ATC"}, "content that is no dta file"),
    "no SAS": ({"LMED_2011.sas7bdat": b"\x00" * 2048}, "content that is no sas7bdat file"),
    "no SPSS": ({"LMED_2011.sav": b"$FL2@(#)" + b"\xff" * 400}, "content that is no sav file"),
    "an end inside quotation marks": (
        {"LMED_2011.csv": DRUG + '1;"N02BE01;20110101;1;10\n' * 3},
        "inside quotation marks",
    ),
    "separators that cannot be told": (
        {"LMED_2011.csv": "LopNr;ATC,EDATUM\n1;A,3\n"},
        "a separator that cannot be told",
    ),
    "personal identity numbers": (
        {"LMED_2011.csv": f"LopNr;ATC;EDATUM;note\n1;N02BE01;20110101;{IDENTITY}\n"},
        "LMED_2011.csv.note",
    ),
    "a key file without its columns": ({"Nyckel_SoS.csv": "a;b\n1;2\n"}, "no column of the own running numbers"),
}


@pytest.mark.parametrize(("files", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_read_is_one_clear_error(tmp_path: Path, files: dict[str, str | bytes], says: str):
    found = problems(tmp_path, files)
    assert any(says in problem for problem in found)
    assert IDENTITY not in " ".join(found)


def test_everything_wrong_is_listed_at_once(tmp_path: Path):
    files = {"surprise.csv": "a;b\n", "LMED_2011.csv": "LopNr;ATC\n1;A\n", "DORS.csv": "", "PAR_SV_2011.parquet": "x"}
    found = problems(tmp_path, files)
    assert len(found) == 4


def test_no_folder_and_an_empty_one(tmp_path: Path):
    with pytest.raises(ContractError, match="no folder"):
        extracts(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "raw").mkdir()
    with pytest.raises(ContractError, match="no file that holds a table"):
        extracts(tmp_path / "raw", tmp_path / "out")


def test_mappings_that_contradict_themselves_are_told_at_once(tmp_path: Path):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text('extends = "lmed"\n[inputs.dispensings.columns.person]\nstatus = "guessed"\ncolour = "blue"\n')
    other.write_text('extends = "nothing"\n')
    with pytest.raises(UsageError) as caught:
        extracts(tmp_path / "raw", tmp_path / "out", mapping=[one, other, tmp_path / "none.toml"])
    message = str(caught.value)
    assert len(caught.value.problems) == 4
    assert all(word in message for word in ("status", "colour", "nothing", "none.toml"))


HEADERS = [
    "LopNr;ATC;EDATUM;ANTAL",
    "LOPNR;atc;edatum;antal",
    "\ufeffLopNr;ATC;EDATUM;ANTAL",
    ' "LopNr" ; ATC ;EDATUM;ANTAL',
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_in_other_shapes(tmp_path: Path, header: str):
    found = run_intake(tmp_path, {"LMED_2011.csv": f"{header}\n1;N02BE01;20110101;1\n"})
    assert rows(found, "prescriptions", "code") == [("N02BE01",)]


ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]


@pytest.mark.parametrize("separator", [";", "\t", ",", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_and_separator(tmp_path: Path, encoding: str, separator: str):
    text = "LopNr;Kön;fodelseman\n1;kvinna;195003\n2;man;198011\n".replace(";", separator)
    found = run_intake(tmp_path, {}, population=text.encode(encoding))
    assert rows(found, "persons", "person_id", "sex") == [(1, "female"), (2, "male")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_end_of_line(tmp_path: Path, newline: str):
    found = run_intake(
        tmp_path, {"LMED_2011.csv": (DRUG + SOUND * 2 + "2" + SOUND[1:]).replace("\n", newline).encode()}
    )
    assert found.account.rows_of("lmed.dispensings", "read") == 3
    assert rows(found, "prescriptions", "person_id") == [(1,), (2,)]


LINES = {
    "too few fields": "1;N02BE01",
    "too many fields": "1;N02BE01;20110101;1;10;11",
    "an empty line": "",
}


@pytest.mark.parametrize(("rule", "line"), LINES.items(), ids=LINES.keys())
def test_a_line_of_another_length_is_rejected_and_kept(tmp_path: Path, rule: str, line: str):
    found = run_intake(tmp_path, {"LMED_2011.csv": DRUG + SOUND + line + "\n" + SOUND})
    assert counts_by_outcome(found, "lmed.dispensings", rule) == {"rejected": 1}
    assert rejected(found, "lmed.dispensings").select("__line", "__rule").rows() == [(2, rule)]
    assert found.account.rows_of("lmed.dispensings", "kept") == 2


def test_a_truncated_file_loses_its_last_line_only(tmp_path: Path):
    found = run_intake(tmp_path, {"LMED_2011.csv": DRUG + SOUND * 3 + "1;N02BE01;201"})
    assert counts_by_outcome(found, "lmed.dispensings", "too few fields") == {"rejected": 1}
    assert found.account.rows_of("lmed.dispensings", "kept") == 3


def test_a_truncated_parquet_file_is_an_error(tmp_path: Path):
    path = tmp_path / "LMED_2011.parquet"
    pl.DataFrame({"LopNr": [1], "ATC": ["N02BE01"], "EDATUM": ["20110101"]}).write_parquet(path)
    content = path.read_bytes()
    path.unlink()
    assert "content that is no parquet file" in problems(tmp_path, {path.name: content[:-30]})[0]


def test_quotation_marks_lines_within_them_and_stray_ones(tmp_path: Path):
    text = 'LopNr;ATC;EDATUM;note\n1;N02BE01;20110101;"two\nlines; and a mark "" within"\n2;"C07AB02";20110101;plain\n'
    found = run_intake(
        tmp_path, {"LMED_2011.csv": text, "LMED_2012.csv": 'LopNr;ATC;EDATUM;note\n1;A10BA02;20120101;3" pipe\n'}
    )
    assert rows(found, "prescriptions", "code") == [("A10BA02",), ("C07AB02",), ("N02BE01",)]


@pytest.mark.parametrize(
    ("start", "repeated"),
    [pytest.param(b"", b"x", marks=pytest.mark.slow), pytest.param(b"", b"1;", marks=pytest.mark.slow), (b'1;"', b"x")],
)
def test_a_line_of_100_mib_is_an_error_in_bounded_memory(tmp_path: Path, start: bytes, repeated: bytes):
    line = start + repeated * ((100 << 20) // len(repeated))
    write(
        tmp_path / "raw",
        {"RTB_demografi.csv": POPULATION, **homes(), "LMED_2011.csv": DRUG.encode() + SOUND.encode() + line},
    )
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from riskstrat.errors import ContractError\nfrom riskstrat.intake import extracts\n"
        "try:\n    extracts(sys.argv[1], sys.argv[2])\nexcept ContractError as error:\n    print(error)\n"
        # What resource.getrusage says of a process that was just started may be the peak of who started it.
        "status = Path('/proc/self/status').read_text().splitlines()\n"
        "print(next(int(line.split()[1]) // 1024 for line in status if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "raw"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    said, peak_mib = done.stdout.strip().rsplit("\n", 1)
    assert "LMED_2011.csv: " in said
    assert len(said) < 400
    assert int(peak_mib) < 1024


HOSTILE = [
    "=HYPERLINK(1)",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "'; DROP TABLE persons; --",
    "🧨" * 100,
    "%s{0}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_refused_or_carried_but_never_shown(tmp_path: Path, text: str):
    drugs = "".join(f"{text};{text};{text};{text};{text}\n1;{text};20110101;{text};{text}\n" for _ in range(6))
    found = run_intake(tmp_path, {"LMED_2011.csv": DRUG + SOUND + drugs})
    account = found.account
    assert account.rows_of("lmed.dispensings", "read") == 13
    assert account.rows_of("lmed.dispensings", "kept") + account.rows_of("lmed.dispensings", "rejected") == 13
    for name in ("intake.html", "intake.json"):
        assert text not in (found.folder / name).read_text(encoding="utf-8")


def test_names_of_files_and_columns_cannot_break_out(tmp_path: Path):
    header = "LopNr;ATC;EDATUM;<script>alert(1)</script>;__rule;__line\n"
    name = "LMED_<img src=x onerror=alert(1)>..%2f.csv"
    found = run_intake(tmp_path, {name: header + "1;N02BE01;20110101;1;2;3\n;N02BE01;20110101;1;2;3\n"})
    page = (found.folder / "intake.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert rejected(found, "lmed.dispensings")["__rule"].to_list() == ["no usable person"]
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "registers"}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path):
    (tmp_path / "secret.csv").write_text(DRUG + SOUND)
    write(tmp_path / "raw", {"RTB_demografi.csv": POPULATION, **homes()})
    (tmp_path / "raw" / "LMED_2011.csv").symlink_to(tmp_path / "secret.csv")
    assert not extracts(tmp_path / "raw", tmp_path / "registers").registers.has("prescriptions")


def test_a_failed_intake_leaves_what_was_there(tmp_path: Path):
    first = run_intake(tmp_path, {})
    before = {path.name: path.read_bytes() for path in first.folder.iterdir() if path.is_file()}
    write(tmp_path / "raw", {"LMED_2011.csv": f"LopNr;ATC;EDATUM\n{IDENTITY};A;20110101\n"})
    with pytest.raises(ContractError):
        extracts(tmp_path / "raw", tmp_path / "registers")
    assert {path.name: path.read_bytes() for path in first.folder.iterdir() if path.is_file()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "registers"}


def test_a_killed_intake_starts_again(tmp_path: Path):
    raw, out = tmp_path / "raw", tmp_path / "registers"
    many = "".join(
        f"{person % 2 + 1};N02BE01;2011{month:02d}01;{person};10\n"
        for person in range(20_000)
        for month in range(1, 13)
    )
    write(raw, {"RTB_demografi.csv": POPULATION, **homes(), "LMED_2011.csv": DRUG + many})
    code = "import sys\nfrom riskstrat.intake import extracts\nextracts(sys.argv[1], sys.argv[2])\n"
    running = subprocess.Popen([sys.executable, "-c", code, str(raw), str(out)])
    while not list(tmp_path.glob(".registers.staging-*/scratch/parts")) and running.poll() is None:
        time.sleep(0.01)
    assert running.poll() is None
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not out.exists()
    assert list(tmp_path.glob(".registers.staging-*"))
    found = extracts(raw, out)
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "registers"}
    assert open_registers(out).fingerprint == found.registers.fingerprint
    assert found.account.rows_of("lmed.dispensings", "read") == 240_000


def test_the_report_holds_released_counts_only(tmp_path: Path):
    found = run_intake(tmp_path, {"LMED_2011.csv": DRUG + SOUND + "77;N02BE01;20110101;1;10\n"})
    content = json.loads((found.folder / "intake.json").read_text(encoding="utf-8"))
    told_rows = [row["rows"] for row in content["tables"]["rules"]]
    assert all(count is None or count >= 5 for count in told_rows)
    assert set(content["tables"]) == {
        "files",
        "inputs",
        "made",
        "rules",
        "years",
        "missing",
        "links",
        "codes",
        "breaks",
    }


def test_an_intake_without_people_says_so(tmp_path: Path):
    write(tmp_path / "raw", {"LMED_2011.csv": DRUG + SOUND})
    with pytest.raises(RiskstratError, match="persons"):
        extracts(tmp_path / "raw", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_ends_with_the_exit_code_of_what_happened(tmp_path: Path):
    raw, out = tmp_path / "raw", tmp_path / "registers"
    write(raw, {"RTB_demografi.csv": POPULATION, **homes(), "LMED_2011.csv": DRUG + SOUND})
    done = riskstrat("intake", str(raw), "--out", str(out), "--name", "Modellstad", "--data-end", "2013-12-31")
    assert done.returncode == 0
    assert "intake.html" in done.stdout
    assert open_registers(out).manifest.name == "Modellstad"
    write(raw, {"LMED_2012.csv": f"LopNr;ATC;EDATUM\n{IDENTITY};N02BE01;20120101\n"})
    failed = riskstrat("intake", str(raw), "--out", str(out))
    assert failed.returncode == 3
    assert "LMED_2012.csv.LopNr" in failed.stderr
    assert IDENTITY not in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stderr
    assert riskstrat("intake", str(raw), "--out", str(raw)).returncode == 2
