"""What all commands share: examples, one JSON document, silence, a file of options, plain text in pipes."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.main import get_command

from commands import Finished, riskstrat
from riskstrat.cli import COMMANDS, app
from riskstrat.cli.examples import EXAMPLES
from riskstrat.cli.terminal import MODE, Mode, progress

LINES = [line for lines in EXAMPLES.values() for _, line in lines]
ESCAPE = "\x1b"
MAX_LINE = 100
"""Examples stay on one line, to be copied."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_by(command: str, *arguments: str, environment: dict[str, str] | None = None) -> Finished:
    done = riskstrat(command, *arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done


def test_every_command_has_examples_at_the_end_of_its_help():
    assert EXAMPLES.keys() == COMMANDS.keys()
    for name, lines in EXAMPLES.items():
        told = " ".join(said_by(name, "--help", environment={"COLUMNS": "200"}).stdout.split())
        assert told.endswith(lines[-1][1]), name
        assert all(said in told for each in lines for said in each), name


@pytest.mark.parametrize("name", COMMANDS)
def test_a_narrow_help_shows_defaults_whole(name: str):
    told = said_by(name, "--help", environment={"COLUMNS": "80"}).stdout
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= MAX_LINE
    words = " ".join(told.split())
    for each in get_command(app).commands[name].params:
        if each.default not in (None, False, True, ()) and not callable(each.default):
            assert f"default: {each.default}" in words, each.name


def test_the_list_of_commands_says_whole_sentences():
    told = " ".join(said_by("--help", environment={"COLUMNS": "80"}).stdout.split())
    for command in COMMANDS.values():
        assert " ".join((command.__doc__ or "").partition("\n\n")[0].split()) in told


@pytest.mark.parametrize("day", ["2024", "2024-02-30", "1/1/2024"])
def test_a_day_is_asked_for_as_people_write_it(day: str):
    assert "--as-of YYYY-MM-DD" in said_by("run", "--help").stdout
    refused = riskstrat("check", "town", "--as-of", day)
    assert refused.returncode == 2
    assert f"'{day}' is no day written YYYY-MM-DD" in refused.stderr


@pytest.mark.parametrize("line", LINES)
@pytest.mark.usefixtures("folder")
def test_examples_can_be_typed(line: str):
    program, name, *arguments = shlex.split(line)
    assert program == "riskstrat"
    group = get_command(app)
    with group.make_context("riskstrat", [name]) as parent:
        group.commands[name].make_context(name, arguments, parent=parent)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_shared_options(name: str):
    options = {option for each in get_command(app).commands[name].params for option in each.opts}
    assert {"--config", "--quiet", "--json"} <= options


@pytest.mark.usefixtures("folder")
def test_answers_as_json_are_one_document():
    listed = json.loads(said_by("conditions", "--json").stdout)
    assert {"name": "frailty", "title": listed[0]["title"], "standard": True}.keys() == listed[0].keys()
    assert json.loads(said_by("describe", "frailty", "--json").stdout)["name"] == "frailty"
    assert [each["name"] for each in json.loads(said_by("codes", "statins", "--json").stdout)] == ["statins"]
    assert "charlson_se.dementia" in [
        row["name"] for row in json.loads(said_by("codes", "charlson_se", "--json").stdout)
    ]
    made = json.loads(said_by("synthesise", "--people", "1000", "--out", "town", "--json").stdout)
    assert (made["folder"], made["people"]) == ("town", 1_000)
    checked = json.loads(riskstrat("check", "town", "--json").stdout)
    assert {"name", "tables", "findings", "rule"} <= checked.keys()


def test_the_version_is_that_of_the_library():
    assert said_by("--version").stdout == f"riskstrat {version('riskstrat')}\n"


@pytest.mark.usefixtures("folder")
def test_quiet_says_what_was_asked_for_and_no_more():
    done = said_by("synthesise", "--people", "1000", "--out", "town", "--quiet")
    assert (done.stdout, done.stderr) == ("", "")
    assert "frailty" in said_by("conditions", "--quiet").stdout


def test_titles_in_swedish():
    assert "Obesitas" in said_by("conditions", "--language", "sv").stdout
    assert said_by("codes", "--search", "I21").stdout != said_by("codes", "--search", "I21", "--language", "sv").stdout


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_no_colours_in_pipes_or_where_nobody_wants_them(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
):
    assert ESCAPE not in said_by("run", "--help").stdout
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with progress("work") as tell:
            tell("[half]", 0.5)
    colours = re.findall(r"\x1b\[[0-9;]*m", capsys.readouterr().err)
    assert not [each for each in colours if re.search(r"\[(?:.*;)?(?:3[0-7]|38|9[0-7])(?:;|m)", each)]


def test_no_progress_where_nothing_shall_be_said(capsys: pytest.CaptureFixture[str]):
    for mode in (Mode(quiet=True), Mode(json=True)):
        token = MODE.set(mode)
        with progress("work") as tell:
            tell("half", 0.5)
        MODE.reset(token)
    assert capsys.readouterr().err == ""


def test_options_of_the_file_are_defaults_and_what_is_typed_beats_them(folder: Path):
    (folder / "riskstrat.toml").write_text('language = "sv"\n[codes]\nsearch = "I21"\n', encoding="utf-8")
    from_file = said_by("conditions")
    assert "Obesitas" in from_file.stdout
    assert "options of riskstrat.toml" in from_file.stderr
    assert "Obesitas" not in said_by("conditions", "--language", "en").stdout
    assert said_by("codes").stdout == said_by("codes", "--search", "I21", "--language", "sv").stdout
    assert said_by("conditions", "--quiet").stderr == ""


def test_dates_numbers_and_flags_are_read_as_if_they_were_typed(folder: Path):
    content = '[synthesise]\npeople = 1000\nthin = true\nout = "town"\nquiet = true\n[check]\nas-of = 2023-01-01\n'
    (folder / "mine.toml").write_text(content, encoding="utf-8")
    done = said_by("synthesise", "--config", "mine.toml")
    assert (done.stdout, (folder / "town" / "registers.toml").is_file()) == ("", True)
    assert riskstrat("check", "town", "--config", "mine.toml").returncode in (0, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('lnguage = "sv"', "did you mean 'language'?"),
        ('[codes]\nserch = "I21"', "codes: no option 'serch'"),
        ("[code]\n", "did you mean 'codes'?"),
        ('[conditions]\nbudget = "1"', "conditions: no option 'budget'"),
        ('config = "other.toml"', "no option 'config'"),
        ('language = "german"', "german"),
        ("language = ", "cannot be read"),
    ],
)
def test_what_names_no_option_is_an_error(folder: Path, content: str, said: str):
    (folder / "riskstrat.toml").write_text(content, encoding="utf-8")
    done = riskstrat("conditions")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_all_that_names_nothing_is_told_at_once(folder: Path):
    (folder / "riskstrat.toml").write_text("one = 1\n[conditions]\ntwo = 2\n", encoding="utf-8")
    told = riskstrat("conditions").stderr
    assert "'one'" in told
    assert "'two'" in told


@pytest.mark.parametrize("path", [r"C:\Users\anna", r"C:\data", r"C:\temp\new", r"\\server\share"])
@pytest.mark.parametrize("table", ["", "[check]\n"])
def test_a_path_of_windows_in_double_quotes_is_told_how_to_be_written(folder: Path, path: str, table: str):
    (folder / "riskstrat.toml").write_text(f'{table}registers = "{path}"\n', encoding="utf-8")
    done = riskstrat("conditions")
    assert (done.returncode, "in single quotes" in " ".join(done.stderr.split())) == (2, True)


@pytest.mark.parametrize("path", [r"'C:\temp\new'", "'C:/temp/new'", r'"C:\\temp\\new"', r"'\\server\share\new'"])
def test_a_path_of_windows_arrives_as_it_is_written(folder: Path, path: str):
    (folder / "riskstrat.toml").write_text(f"[run]\nregisters = {path}\n", encoding="utf-8")
    given = tomllib.loads(f"path = {path}")["path"]
    for typed in ((), ("--registers", given)):
        done = riskstrat("run", "frailty", *typed, "--out", "out")
        assert (done.returncode, f"no file registers.toml in {given};" in done.stderr) == (3, True), done.stderr


def test_a_file_of_an_editor_that_marks_utf_8_is_read(folder: Path):
    (folder / "riskstrat.toml").write_text('language = "sv"\n', encoding="utf-8-sig")
    assert "Obesitas" in said_by("conditions").stdout


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_is_none_is_an_error(folder: Path, content: bytes | None):
    if content is not None:
        (folder / "mine.toml").write_bytes(content)
    done = riskstrat("conditions", "--config", "mine.toml")
    assert (done.returncode, "mine.toml" in done.stderr) == (2, True)
