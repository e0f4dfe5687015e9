"""Folders and files are replaced when that loses nothing, refused otherwise, and never half-written."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from riskstrat.errors import ContractError, UsageError
from riskstrat.files import (
    RESULT_FILE,
    guard_file,
    guard_folder,
    guard_shared_folder,
    mark_result,
    read_document,
    restored,
    staged_folder,
    whole_file,
)
from riskstrat.registers import open_registers
from small_registers import write_register_folder

MARK = "<meta name='generator' content='riskstrat'>"


def write(
    target: Path | str, *, command: str = "demo", sources: tuple[Path | str, ...] = (), text: str = "new"
) -> None:
    with staged_folder(target, command=command, sources=sources) as staging:
        (staging.scratch / "scratch.txt").write_text("scratch", encoding="utf-8")
        (staging.result / "deep").mkdir()
        (staging.result / "deep" / "a.txt").write_text(text, encoding="utf-8")
        (staging.result / "none").mkdir()


def everything(folder: Path) -> dict[str, bytes | str]:
    """Every path below a folder, with what is in it."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"link to {path.readlink()}"
        else:
            found[str(path)] = path.read_bytes() if path.is_file() else "folder"
    return found


def refused(tmp_path: Path, target: Path | str, says: str, *, sources: tuple[Path | str, ...] = ()) -> None:
    before = everything(tmp_path)
    with pytest.raises(UsageError, match=says):
        write(target, sources=sources)
    assert everything(tmp_path) == before


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "raw"
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text("person_id\n1\n", encoding="utf-8")
    return folder


def test_a_new_an_empty_and_an_earlier_folder_are_written(tmp_path: Path):
    target = tmp_path / "far" / "away" / "out"
    for text in ("first", "second"):
        write(target, text=text)
        assert (target / "deep" / "a.txt").read_text(encoding="utf-8") == text
    (tmp_path / "empty").mkdir(mode=0o700)
    write(tmp_path / "empty")
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "far" / "away").iterdir()] == ["out"], "nothing is left beside it"


def test_names_with_pattern_characters_are_names(tmp_path: Path):
    write(tmp_path / "[out]*")
    write(tmp_path / "[out]*", text="again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["[out]*"]


def test_a_target_that_is_holds_or_lies_in_a_source_is_refused(tmp_path: Path, source: Path):
    sources = (source,)
    refused(tmp_path, source, "'raw' is the source", sources=sources)
    refused(tmp_path, source.parent, "'data' contains the source 'raw'", sources=sources)
    refused(tmp_path, source / "new" / "out", "lies inside the source", sources=sources)
    refused(tmp_path, source / ".." / "raw" / ".", "is the source", sources=sources)
    refused(tmp_path, source.parent, "contains the source 'rows.csv'", sources=(source / "rows.csv",))


def test_links_do_not_hide_a_source(tmp_path: Path, source: Path):
    (tmp_path / "by another name").symlink_to(source.parent)
    refused(tmp_path, tmp_path / "by another name" / "raw", "is the source", sources=(source,))
    refused(tmp_path, source, "is the source", sources=(tmp_path / "by another name" / "raw",))
    (tmp_path / "holder").mkdir()
    (tmp_path / "holder" / "raw").symlink_to(source)
    refused(tmp_path, tmp_path / "holder", "contains the source", sources=(tmp_path / "holder" / "raw",))


def test_relative_paths_are_seen_from_the_current_folder(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(source.parent)
    refused(tmp_path, "raw", "is the source", sources=(source,))
    refused(tmp_path, source, "is the source", sources=("raw",))
    refused(tmp_path, "raw/out", "lies inside the source", sources=("raw",))
    refused(tmp_path, ".", "current folder")
    refused(tmp_path, "..", "current folder")
    write("out", sources=("raw",))
    assert (source.parent / "out" / RESULT_FILE).is_file()


def test_the_home_folder_and_the_root_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    refused(tmp_path, home, "home folder")
    refused(tmp_path, "/", "mounted disk")
    write(home / "out")


@pytest.mark.parametrize("address", ["sqlite:///{}", "duckdb:///{}"])
def test_a_database_in_a_file_is_a_source(tmp_path: Path, source: Path, address: str):
    (source / "registers.db").write_bytes(b"rows")
    refused(tmp_path, source, "contains the source", sources=(address.format(source / "registers.db"),))
    write(tmp_path / "out", sources=("postgresql://user:secret@host/name?schema=s", address.format("")))


def test_files_and_links_are_refused(tmp_path: Path, source: Path):
    refused(tmp_path, source / "rows.csv", "'rows.csv' is a file")
    refused(tmp_path, source / "rows.csv" / "out", "'rows.csv' is a file")
    for name, leads_to in {"link": source, "dangling": tmp_path / "nowhere"}.items():
        (tmp_path / name).symlink_to(leads_to)
        refused(tmp_path, tmp_path / name, "is a link")


def test_other_things_are_refused_and_named_without_identity_numbers(tmp_path: Path, source: Path):
    refused(tmp_path, source, "holds other things: rows.csv")
    (source / "rows.csv").rename(source / "191212121212.csv")
    with pytest.raises(UsageError) as told:
        write(source)
    assert "1212" not in str(told.value)
    (tmp_path / "folders" / "empty").mkdir(parents=True)
    refused(tmp_path, tmp_path / "folders", "holds other things: empty/")


def test_a_result_of_another_command_is_refused(tmp_path: Path):
    write(tmp_path / "out", command="other")
    refused(tmp_path, tmp_path / "out", "a result of other")
    refused(tmp_path, tmp_path / "out" / "deep", "lies inside a result of other")
    with pytest.raises(UsageError, match="is a result of other"):
        guard_shared_folder(tmp_path / "out")


@pytest.mark.parametrize(
    "broken", ["", "{}", "[]", '{"command": "demo", "files": 3}', '{"command": "demo", "files": {}}']
)
def test_a_manifest_that_does_not_know_the_files_protects_nothing_less(tmp_path: Path, broken: str):
    write(tmp_path / "out")
    (tmp_path / "out" / RESULT_FILE).write_text(broken, encoding="utf-8")
    refused(tmp_path, tmp_path / "out", "holds other things|added or changed")


def add_a_file(result: Path) -> None:
    (result / "notes.txt").write_text("mine", encoding="utf-8")


def add_in_depth(result: Path) -> None:
    (result / "none" / "mine").mkdir()


def add_a_link(result: Path) -> None:
    (result / "link").symlink_to(result.parent)


def change_a_file(result: Path) -> None:
    (result / "deep" / "a.txt").write_text("old", encoding="utf-8")


def put_a_link_in_place_of_a_file(result: Path) -> None:
    (result / "deep" / "a.txt").rename(result.parent / "a.txt")
    (result / "deep" / "a.txt").symlink_to(result.parent / "a.txt")


@pytest.mark.parametrize(
    "done",
    [add_a_file, add_in_depth, add_a_link, change_a_file, put_a_link_in_place_of_a_file],
    ids=lambda do: do.__name__,
)
def test_what_a_user_did_to_an_earlier_result_is_not_lost(tmp_path: Path, done: Callable[[Path], None]):
    write(tmp_path / "out", text="new")
    done(tmp_path / "out")
    refused(tmp_path, tmp_path / "out", "added or changed since demo wrote it")


def test_what_is_missing_from_an_earlier_result_is_no_obstacle(tmp_path: Path):
    write(tmp_path / "out")
    (tmp_path / "out" / "deep" / "a.txt").unlink()
    (tmp_path / "out" / ".DS_Store").write_bytes(b"made by a file manager")
    write(tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "a.txt").is_file()


def test_a_failure_leaves_what_was_there(tmp_path: Path):
    write(tmp_path / "out")
    before = everything(tmp_path)
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), staged_folder(tmp_path / "out", command="demo") as staging:  # noqa: PT012
            (staging.result / "half.txt").write_text("half", encoding="utf-8")
            raise error
    assert everything(tmp_path) == before


def test_a_rename_that_fails_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path / "out")
    before = everything(tmp_path)
    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", text="newer")
    assert everything(tmp_path) == before


def test_what_a_user_adds_meanwhile_is_not_lost(tmp_path: Path):
    write(tmp_path / "out")
    with pytest.raises(UsageError, match="notes"), staged_folder(tmp_path / "out", command="demo"):
        add_a_file(tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").is_file()


KILLED = """
import os, signal, sys
from pathlib import Path
from riskstrat.files import staged_folder
rename = Path.rename
def rename_and_die(self, target):
    done = rename(self, target)
    if self.name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Path.rename = rename_and_die
with staged_folder(sys.argv[1], command="demo") as staging:
    (staging.result / "b.txt").write_text("killed")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2] == "sleeping":
        print("ready", flush=True)
        signal.pause()
"""


def killed(target: Path, moment: str) -> int:
    with start(target, moment) as running:
        return running.wait(timeout=60)


def start(target: Path, moment: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", KILLED, str(target), moment], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("moment", ["writing", "out", "new"])
def test_after_a_kill_the_next_run_finds_one_whole_folder_and_sweeps_up(tmp_path: Path, moment: str):
    target = tmp_path / "out"
    write(target, text="first")
    assert killed(target, moment) == -signal.SIGKILL
    assert target.exists() == (moment != "out"), "killed between the two renames it is away for now"
    with pytest.raises(ValueError, match="stop"), staged_folder(target, command="demo"):
        raise ValueError("stop")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = {path.name for path in target.rglob("*") if path.is_file()}
    assert names == {RESULT_FILE, "b.txt" if moment == "new" else "a.txt"}


def test_another_command_after_a_kill_does_not_replace_what_comes_back(tmp_path: Path):
    write(tmp_path / "out", text="first")
    killed(tmp_path / "out", "out")
    with pytest.raises(UsageError, match="a result of demo"):
        write(tmp_path / "out", command="other")
    assert (tmp_path / "out" / "deep" / "a.txt").read_text(encoding="utf-8") == "first"


def test_a_run_that_goes_on_is_not_swept_up(tmp_path: Path):
    with start(tmp_path / "out", "sleeping") as running:
        assert running.stdout is not None
        running.stdout.readline()
        write(tmp_path / "out")
        assert len(list(tmp_path.iterdir())) == 2, "the other run's staging directory is still there"
        os.kill(running.pid, signal.SIGKILL)
    time.sleep(0.1)
    write(tmp_path / "out")
    assert len(list(tmp_path.iterdir())) == 1


def test_folders_that_only_look_like_ours_are_left(tmp_path: Path):
    (tmp_path / ".out.staging-mine").mkdir()
    (tmp_path / ".out.staging-mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    write(tmp_path / "out")
    assert (tmp_path / ".out.staging-mine" / "thesis.txt").is_file()


def test_a_shared_folder_may_hold_and_contain_anything(tmp_path: Path, source: Path):
    guard_shared_folder(source.parent, sources=(source,))
    guard_shared_folder(tmp_path / "new", sources=(source,))
    for target, says in {
        source: "is the source",
        source / "deep" / "out": "lies inside the source",
        source / "rows.csv": "is a file",
    }.items():
        with pytest.raises(UsageError, match=says):
            guard_shared_folder(target, sources=(source,))


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:  # noqa: PT012
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "old"
    for left in (".unfinished-report.html-left", ".unfinished-other.html-left"):
        (tmp_path / left).write_bytes(b"of a killed run")
    with whole_file(path, mode=0o644) as file:
        file.write(b"all")
    assert path.read_bytes() == b"all"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_only_own_files_are_replaced(tmp_path: Path):
    path = tmp_path / "report.html"
    guard_file(path, mark=MARK)
    path.write_text(f"<html>{MARK}", encoding="utf-8")
    guard_file(path, mark=MARK)
    (tmp_path / "link.html").symlink_to(path)
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "thesis.html").write_text("<html>years of work", encoding="utf-8")
    for name in ("link.html", "folder.html", "thesis.html"):
        with pytest.raises(UsageError, match=name):
            guard_file(tmp_path / name, mark=MARK)


def test_the_guard_alone_touches_nothing(tmp_path: Path):
    guard_folder(tmp_path / "far" / "out", command="demo", sources=(tmp_path / "not there",))
    assert not list(tmp_path.iterdir())


def test_what_a_killed_command_moved_away_is_back_when_it_is_read(tmp_path: Path):
    folder = tmp_path / "registers"
    write_register_folder(folder, [{"person_id": 1, "birth_date": date(1950, 1, 1)}])
    left = tmp_path / ".registers.staging-killed"
    left.mkdir()
    (left / "lock").touch()
    folder.rename(left / "old")
    assert open_registers(folder).births.height == 1
    assert restored(tmp_path / "no such folder").exists() is False


def test_a_file_that_is_not_as_its_command_wrote_it_is_refused_when_registers_are_opened(tmp_path: Path):
    folder = tmp_path / "registers"
    tables = write_register_folder(folder, [{"person_id": 1, "birth_date": date(1950, 1, 1)}])
    mark_result(folder, "intake")
    open_registers(folder)
    flipped = bytearray((folder / "persons.parquet").read_bytes())
    flipped[len(flipped) // 3] ^= 1
    (folder / "persons.parquet").write_bytes(flipped)
    with pytest.raises(ContractError, match=r"persons\.parquet is not as intake wrote it"):
        open_registers(folder)
    tables["persons"].write_parquet(folder / "persons.parquet", compression="uncompressed")
    with pytest.raises(ContractError, match=r"if the change is meant, remove \.riskstrat\.json"):
        open_registers(folder)
    (folder / RESULT_FILE).unlink()
    assert open_registers(folder).births.height == 1


@pytest.mark.parametrize("schema", ["true", "1.0", '"1"', "null", "2"])
def test_a_document_whose_schema_is_not_the_number_is_refused(tmp_path: Path, schema: str):
    file = tmp_path / "a.json"
    file.write_text(f'{{"format": "riskstrat example", "schema": {schema}}}', encoding="utf-8")
    with pytest.raises(ContractError, match="riskstrat example, schema 1; give the file that demo wrote"):
        read_document(file, "riskstrat example", 1, "demo")
