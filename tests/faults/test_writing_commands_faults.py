"""No writing command loses anything: whatever its target is, what is there stays, byte for byte, or was its own."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from riskstrat.cli import main
from riskstrat.declare import Age
from riskstrat.errors import UsageError
from riskstrat.features import write_features
from riskstrat.files import RESULT_FILE, staged_folder
from riskstrat.records.study import Study
from riskstrat.reports import REPORT_MARK, write_card
from small_extracts import POPULATION, homes, write
from small_registers import write_register_folder

USAGE = 2
SECRET = "a long enough secret"  # noqa: S105


def make_omop(folder: Path) -> None:
    folder.mkdir(parents=True)
    people = pl.DataFrame({"person_id": range(10), "gender_concept_id": 8532, "year_of_birth": 1950})
    days = {"observation_period_start_date": date(2010, 1, 1), "observation_period_end_date": date(2019, 12, 31)}
    people.write_parquet(folder / "person.parquet")
    periods = pl.DataFrame({"person_id": range(10)}).with_columns(**days)
    periods.write_parquet(folder / "observation_period.parquet")


def make_meds(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    born, ill = datetime(1950, 1, 1), datetime(2015, 1, 1)  # noqa: DTZ001
    rows = [(1, None, "GENDER/F", None), (1, born, "MEDS_BIRTH", None), (1, ill, "ICD10CM/I21", None)]
    schema = {"subject_id": pl.Int64, "time": pl.Datetime("us"), "code": pl.String, "numeric_value": pl.Float32}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "data" / "0.parquet")


def make_extracts(folder: Path) -> None:
    write(folder, {"RTB_demografi.csv": POPULATION, **homes()})


def make_identities(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "raw.csv").write_text("pnr;x\n20121212-1212;1\n811228-9874;2\n", encoding="utf-8")


def make_registers(folder: Path) -> None:
    areas = [{"area_id": "A", "name": "A", "municipality": "M"}]
    persons = [{"person_id": number, "birth_date": date(1940, 1, 1)} for number in range(1, 9)]
    write_register_folder(folder, persons, areas=areas)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command that writes a folder: what it reads, and its words for a source and a target."""

    name: str
    words: Callable[[Path, Path], tuple[str | Path, ...]]
    make_source: Callable[[Path], None] | None = None

    def run(self, source: Path, target: Path | str) -> int:
        """Run it as from a terminal; the exit code."""
        before, sys.argv = sys.argv, ["riskstrat", *map(str, self.words(source, Path(target)))]
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        finally:
            sys.argv = before
        return 0


COMMANDS = (
    Command(name="from-omop", make_source=make_omop, words=lambda source, out: ("from-omop", source, "--out", out)),
    Command(name="from-meds", make_source=make_meds, words=lambda source, out: ("from-meds", source, "--out", out)),
    Command(name="intake", make_source=make_extracts, words=lambda source, out: ("intake", source, "--out", out)),
    Command(
        name="pseudonymise",
        make_source=make_identities,
        words=lambda source, out: ("pseudonymise", source, out, source.parents[1] / "keys" / "key.parquet"),
    ),
    Command(name="synthesise", words=lambda _, out: ("synthesise", "--people", "1000", "--out", out)),
    Command(
        name="extracts",
        words=lambda source, out: ("synthesise", "--people", "1000", "--out", source, "--extracts", out),
    ),
)
READING = [command for command in COMMANDS if command.make_source or command.name == "extracts"]


def everything(folder: Path) -> dict[str, bytes | str]:
    """Every path below a folder, with what is in it; folders and links too."""
    found: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path)] = f"link to {path.readlink()}"
        else:
            found[str(path)] = path.read_bytes() if path.is_file() else "folder"
    return found


@pytest.fixture
def source(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the command reads, with a neighbour that has nothing to do with it."""
    monkeypatch.setenv("RISKSTRAT_PSEUDONYM_SECRET", SECRET)
    folder = tmp_path / "project" / "source"
    if command.make_source:
        command.make_source(folder)
    (tmp_path / "project").mkdir(exist_ok=True)
    (tmp_path / "project" / "thesis.txt").write_text("years of work", encoding="utf-8")
    return folder


def refuses(command: Command, source: Path, target: Path | str, capsys: pytest.CaptureFixture[str], says: str) -> None:
    everywhere = source.parents[1]
    before = everything(everywhere)
    assert command.run(source, target) == USAGE
    assert says in capsys.readouterr().err
    assert everything(everywhere) == before


def each(commands: list[Command] | tuple[Command, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("command", commands, ids=lambda command: command.name)


@each(READING)
def test_its_own_source_is_no_target(command: Command, source: Path, capsys: pytest.CaptureFixture[str]):
    refuses(command, source, source, capsys, "is the source 'source'")
    refuses(command, source, source.parent, capsys, "contains the source 'source'")
    refuses(command, source, source / "deep" / "out", capsys, "lies inside the source 'source'")
    refuses(command, source, source.parent / "x" / ".." / "source", capsys, "is the source 'source'")


@each(READING)
def test_a_link_to_its_source_is_no_target(command: Command, source: Path, capsys: pytest.CaptureFixture[str]):
    (source.parents[1] / "link").symlink_to(source.parent)
    refuses(command, source, source.parents[1] / "link" / "source", capsys, "is the source 'source'")
    refuses(command, source, source.parents[1] / "link", capsys, "is a link")


@each(READING)
def test_a_relative_target_is_seen_from_the_current_folder(
    command: Command, source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(source.parent)
    refuses(command, source, "source", capsys, "is the source 'source'")
    refuses(command, source, ".", capsys, "contains the source 'source'")
    (source.parent / "deep" / "here").mkdir(parents=True)
    monkeypatch.chdir(source.parent / "deep" / "here")
    refuses(command, source, "..", capsys, "the current folder")


@each(COMMANDS)
def test_other_things_are_no_target(command: Command, source: Path, capsys: pytest.CaptureFixture[str]):
    other, everywhere = source.parents[1] / "other", source.parents[1]
    other.mkdir()
    (other / "registers.toml").write_text("made by hand", encoding="utf-8")
    (everywhere / "empty").mkdir()
    (everywhere / "link").symlink_to(everywhere / "empty")
    with staged_folder(everywhere / "result", command="another") as staging:
        (staging.result / "registers.toml").write_text("of another command", encoding="utf-8")
    refuses(command, source, other, capsys, "holds other things: registers.toml")
    refuses(command, source, other / "registers.toml", capsys, "'registers.toml' is a file")
    refuses(command, source, other / "registers.toml" / "out", capsys, "'registers.toml' is a file")
    refuses(command, source, everywhere / "link", capsys, "'link' is a link")
    refuses(command, source, everywhere / "result", capsys, "is a result of another")
    refuses(command, source, everywhere / "result" / "out", capsys, "lies inside a result of another")


@each(COMMANDS)
def test_an_earlier_result_is_replaced_unless_somebody_worked_in_it(
    command: Command, source: Path, capsys: pytest.CaptureFixture[str]
):
    target = source.parents[1] / "far" / "out"
    assert command.run(source, target) == 0, capsys.readouterr().err
    first = {path.relative_to(target) for path in target.rglob("*")}
    assert Path(RESULT_FILE) in first
    assert command.run(source, target) == 0, capsys.readouterr().err
    assert {path.relative_to(target) for path in target.rglob("*")} == first
    assert [path.name for path in target.parent.iterdir()] == ["out"], "nothing is left beside it"
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    before = everything(target)
    assert command.run(source, target) == USAGE
    assert "notes.txt" in capsys.readouterr().err
    assert everything(target) == before


@pytest.fixture
def registers(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "registers"
    make_registers(folder)
    return folder


RUN = Command(
    name="run", words=lambda source, out: ("run", "frailty", "--registers", source, "--out", out, "--no-track")
)


def test_run_writes_into_no_register_folder_no_result_no_file_and_no_link(
    registers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with staged_folder(tmp_path / "result", command="another") as staging:
        (staging.result / "registers.toml").write_text("of another command", encoding="utf-8")
    (tmp_path / "file").write_text("file", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    refuses(RUN, registers, registers, capsys, "is the source 'registers'")
    refuses(RUN, registers, registers / "out", capsys, "lies inside the source 'registers'")
    refuses(RUN, registers, tmp_path / "file", capsys, "is a file")
    refuses(RUN, registers, tmp_path / "link", capsys, "is a link")
    refuses(RUN, registers, tmp_path / "result", capsys, "is a result of another")


def test_run_refuses_before_it_computes_a_file_that_is_no_report(
    registers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "frailty_en.html").write_text("<html>my own page</html>", encoding="utf-8")
    refuses(RUN, registers, out, capsys, "something that riskstrat did not write at 'frailty_en.html'")


def test_run_refuses_before_it_computes_to_replace_a_card_that_somebody_completed(
    registers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], municipality_study: Study
):
    card = write_card(municipality_study, tmp_path / "out" / "frailty_card_sv.md")
    write_card(municipality_study, card)
    written = card.read_text(encoding="utf-8")
    card.write_text(f"{written}The ethics committee approved it.", encoding="utf-8")
    refuses(RUN, registers, card.parent, capsys, "'frailty_card_sv.md' was completed or changed")
    with pytest.raises(UsageError, match="completed or changed"):
        write_card(municipality_study, card, language="en")
    assert card.read_text(encoding="utf-8").startswith(written)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of mlflow's own use of SQLAlchemy
def test_run_replaces_its_own_reports_and_nothing_else(sample_folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    mine = {"thesis.txt": "years of work", "early_cvd_sv.html": "<html>of another condition</html>"}
    for name, text in mine.items():
        (out / name).write_text(text, encoding="utf-8")
    (out / "frailty_sv.html").write_text(REPORT_MARK, encoding="utf-8")
    tracked = Command(
        name="run", words=lambda source, target: ("run", "frailty", "--registers", source, "--out", target)
    )
    assert tracked.run(sample_folder, out) == 0
    first = (out / "mlflow.db").stat().st_ino
    assert tracked.run(sample_folder, out) == 0
    assert (out / "mlflow.db").stat().st_ino == first
    assert {name: (out / name).read_text(encoding="utf-8") for name in mine} == mine
    assert "<html lang" in (out / "frailty_sv.html").read_text(encoding="utf-8")


@pytest.fixture
def sample_folder() -> Path:
    folder = Path(__file__).parents[2] / "data_samples" / "modellstad"
    if not folder.is_dir():
        pytest.skip("data_samples/modellstad is not there")
    return folder


def test_feature_datasets_are_not_written_into_registers_files_or_links(registers: Path, tmp_path: Path):
    import riskstrat as rs
    from riskstrat.records.cohort import Target

    opened = rs.open_registers(registers)
    keys = pl.DataFrame({"person_id": [1], "index_date": [date(2015, 1, 1)]}, schema_overrides={"person_id": pl.Int64})
    people = keys.with_columns(age_years=pl.lit(75), sex=pl.lit("female"), area_id=pl.lit("A"))
    target = Target(condition="frailty", people=people, flow=pl.DataFrame(), as_of=date(2015, 1, 1))
    (tmp_path / "file").write_text("file", encoding="utf-8")
    before = everything(tmp_path)
    for folder in (registers, registers / "features", tmp_path / "file"):
        with pytest.raises(UsageError):
            write_features([Age()], target, opened, folder)
        assert everything(tmp_path) == before
    dataset = write_features([Age()], target, opened, tmp_path / "features").folder
    (tmp_path / "features" / "notes.txt").write_text("mine", encoding="utf-8")
    (dataset / "notes.txt").write_text("mine", encoding="utf-8")
    assert write_features([Age()], target, opened, tmp_path / "features").folder == dataset
    assert (dataset / "notes.txt").is_file()
    assert (tmp_path / "features" / "notes.txt").is_file()
