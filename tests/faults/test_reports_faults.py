"""A report is whole or it is the one that was there before, and every refusal is one clear error."""

import errno
import os
import sys
from pathlib import Path

import pytest

from riskstrat.errors import MissingExtraError, UsageError
from riskstrat.figures import theme
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports import REPORT_MARK, write_report


@pytest.fixture(scope="module")
def released(study: Study) -> Published:
    return publish(study)


def test_the_folder_is_made_and_the_file_is_alone_in_it(released: Published, tmp_path: Path):
    path = write_report(released, tmp_path / "new" / "report.html", language="en")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_report(released: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "report.html"
    path.write_text(REPORT_MARK, encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(released, path)
    assert path.read_text(encoding="utf-8") == REPORT_MARK
    assert list(tmp_path.iterdir()) == [path]


def test_an_earlier_report_is_replaced_and_nothing_else(released: Published, tmp_path: Path):
    report, thesis = tmp_path / "report.html", tmp_path / "thesis.html"
    write_report(released, report, language="en")
    write_report(released, report, language="sv")
    assert '<html lang="sv">' in report.read_text(encoding="utf-8")
    thesis.write_text("<html>years of work</html>", encoding="utf-8")
    with pytest.raises(UsageError, match="something that riskstrat did not write at 'thesis"):
        write_report(released, thesis)
    assert thesis.read_text(encoding="utf-8") == "<html>years of work</html>"


def test_a_folder_that_cannot_be_made_is_told(released: Published, tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        write_report(released, tmp_path / "file" / "report.html")


def test_a_language_without_texts_is_refused_before_anything_is_written(released: Published, tmp_path: Path):
    with pytest.raises(UsageError, match="no language 'fi'; expected one of sv, en"):
        write_report(released, tmp_path / "report.html", language="fi")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    def missing(module: str) -> None:
        raise ModuleNotFoundError(name=module)

    monkeypatch.setattr("riskstrat.extras.import_module", missing)
    monkeypatch.delitem(sys.modules, "altair", raising=False)
    with pytest.raises(MissingExtraError, match=r"riskstrat\[report\]"):
        theme.altair()


def test_the_same_study_gives_the_same_page(released: Published, tmp_path: Path):
    first, second = (write_report(released, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second
