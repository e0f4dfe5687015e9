"""Whatever is raised inside a command ends with a sentence and a documented exit code; what is unknown leaves a log."""

import errno
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import typer

from riskstrat.__main__ import main as started
from riskstrat.cli import main
from riskstrat.cli.boundary import LOG, boundary
from riskstrat.cohort import build_cohort, target_population
from riskstrat.errors import ContractError, DriftError, Problem, UsageError
from riskstrat.intake.raw_extracts.shipped import mappings
from riskstrat.registers.manifest import parse_manifest
from small_registers import BuildRegisters, MadeUp

PERSON = "19121212-1212"


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def leaves(command: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and error stream of a command."""
    with pytest.raises(SystemExit) as left, boundary():
        command()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return int(left.value.code or 0), said


def describes(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["riskstrat", "describe", str(file)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out/report.html"), 1, "out/report.html"),
        (OSError("No space left on device (os error 28)"), 1, "free some space"),
        (pl.exceptions.ComputeError("Too many open files (os error 24)"), 1, "ulimit"),
        (OSError(errno.EMFILE, "Too many open files"), 1, "ulimit"),
        (MemoryError(), 1, "memory"),
        (OverflowError("date value out of range"), 2, "calendar"),
        (RecursionError("maximum recursion depth exceeded"), 2, "nested"),
        (pl.exceptions.ComputeError("parquet: File out of specification: invalid utf8"), 3, "damaged"),
        (DriftError(Problem(found="drift", expected="none", remedy="look")), 8, "drift"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_can_be_expected_is_a_sentence(
    error: BaseException, exit_code: int, said: str, capsys: pytest.CaptureFixture[str]
):
    code, message = leaves(raising(error), capsys)
    assert (code, said in message, LOG in message) == (exit_code, True, False), message


@pytest.mark.parametrize("error", [ValueError(PERSON), KeyError(PERSON), pl.exceptions.ComputeError(PERSON)])
def test_what_is_not_expected_leaves_a_log_without_persons(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, message = leaves(raising(error), capsys)
    assert (code, "a fault in riskstrat" in message, PERSON in message) == (1, True, False)
    (log,) = tmp_path.glob(f"{LOG}*")
    text = log.read_text(encoding="utf-8")
    assert type(error).__name__ in text
    assert "test_boundary_faults.py" in text
    assert PERSON not in text
    assert str(Path(__file__).parent) not in text
    assert log.stat().st_mode & 0o077 == 0


def test_a_fault_where_no_log_can_be_written_is_still_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    code, message = leaves(raising(ValueError()), capsys)
    assert (code, "no log could be written" in message) == (1, True)


def test_success_stays_success():
    with pytest.raises(SystemExit) as left, boundary():
        sys.exit(0)
    assert left.value.code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys\nsys.exit(0)\n", "line 2: SystemExit"),
        ("raise SystemExit", "line 1: SystemExit"),
        (f"x = 1\nopen('{PERSON}')\n", "line 2: FileNotFoundError;"),
        ("def f(: pass", "line 1: SyntaxError"),
        ("\0", "SyntaxError"),
        ("def f():\n    return f()\nf()\n", "RecursionError"),
        ("from riskstrat.declare import Evr", "cannot import name 'Evr'"),
        ("CONDITION = 3", "no condition in"),
        ("from riskstrat.declare import Ever\nEver(codes='E10')\n", "line 2: Ever.register: not given"),
        (
            "from riskstrat.declare import Ever\nEver(regster='d', codes='E10')",
            "did you mean 'register'?",
        ),
        ("from riskstrat.declare import Ever\nEver(register='d', codes='E10', within='999999y')", "write 'ever'"),
        ("class Odd(Exception): pass\nraise Odd('x')", "line 2: Odd;"),
    ],
)
def test_whatever_a_condition_file_raises_is_a_sentence_with_its_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    code, message = describes(file, monkeypatch, capsys)
    assert code == 2
    assert said in message
    assert "mine.py" in message
    assert PERSON not in message


def test_methods_of_a_condition_file_that_fail_in_a_study_name_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from riskstrat.conditions import _from_file

    file = tmp_path / "mine.py"
    file.write_text("import sys\n\ndef aggregate():\n    sys.exit(0)\n", encoding="utf-8")
    module = _from_file(file)
    code, message = leaves(module.aggregate, capsys)
    assert (code, "mine.py, line 4: SystemExit" in message) == (2, True), message


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp437"])
def test_letters_that_the_stream_does_not_have_are_escaped(encoding: str, monkeypatch: pytest.MonkeyPatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    with boundary():
        sys.stdout.write("Södertälje ✓ – Łódź")
    assert "\\u2713" in raw.getvalue().decode(encoding)


def test_output_that_cannot_be_written_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    with full.open("w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        code, message = leaves(lambda: typer.echo("a result"), capsys)
        assert (code, "No space left" in message) == (1, True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def test_a_sentence_shows_neither_the_home_folder_nor_marks_that_move_the_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HOME", str(tmp_path / "anna"))
    error = OSError(errno.EACCES, "", str(tmp_path / "anna" / "x\x1b[2J\u202e.toml"))
    _, message = leaves(raising(error), capsys)
    assert "~/x[2J.toml" in message
    assert "anna" not in message


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date(9999, 12, 31)])
def test_dates_at_the_ends_of_the_calendar_are_one_sentence(
    day: date, build_registers: BuildRegisters, made_up: MadeUp
):
    registers = build_registers([{"person_id": 1, "birth_date": date(1950, 1, 1)}], diagnoses=[])
    for function in (build_cohort, target_population):
        with pytest.raises(UsageError, match="an as-of date from 1900-01-01 to"):
            function(made_up(), registers, day)


@pytest.mark.parametrize(
    "changed",
    ["delay_days = 36526", "delay_days = 3650000000000", "delay_days = -1"],
)
def test_delays_that_cannot_be_meant_break_the_contract(changed: str):
    entry = f"coverage_start = 2009-01-01\n{changed}"
    text = f"name = 'x'\ndata_end = 2023-12-31\n[tables.persons]\n[tables.diagnoses]\n{entry}\n"
    assert any("delay_days" in f"{problem.location} {problem.found}" for problem in parse_manifest(text)[1])


def test_a_deep_manifest_breaks_the_contract():
    with pytest.raises(ContractError, match="not TOML"):
        parse_manifest("x = " + "[" * 20_000 + "]" * 20_000)


def test_a_deep_mapping_is_one_sentence(tmp_path: Path):
    deep = tmp_path / "deep.toml"
    deep.write_text("x = " + "[" * 20_000 + "]" * 20_000, encoding="utf-8")
    with pytest.raises(UsageError, match="not TOML"):
        mappings([deep])


def test_the_command_measures_labels_in_a_font_of_its_own_unless_the_user_names_fonts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["riskstrat", "--help"])
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    with pytest.raises(SystemExit):
        started()
    told = Path(os.environ["FONTCONFIG_FILE"]).read_text(encoding="utf-8")
    folders = re.findall("<dir>(.+?)</dir>", told)
    assert folders
    assert not any(Path(folder).is_dir() for folder in folders)
    monkeypatch.setenv("FONTCONFIG_FILE", "fonts of the user")
    with pytest.raises(SystemExit):
        started()
    assert os.environ["FONTCONFIG_FILE"] == "fonts of the user"


def test_settings_are_made_before_the_libraries_that_read_them_are_loaded():
    code = (
        "import os, sys; import riskstrat.__main__ as command; loaded = {'polars', 'numpy'} & set(sys.modules);"
        "sys.argv = ['riskstrat', '--version']\ntry:\n    command.main()\nexcept SystemExit:\n    pass\n"
        "print(sorted(loaded), 'polars' in sys.modules, os.environ['_RJEM_MALLOC_CONF'])"
    )
    unset = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=unset)
    assert "[] True " in done.stdout
    assert done.stdout.endswith("dirty_decay_ms:10000,muzzy_decay_ms:10000\n")  # polars puts its own before it
