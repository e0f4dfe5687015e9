"""What was published as files, and as notebooks show it: the same numbers, with the rule and the roles of columns."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

import riskstrat as rs
from riskstrat.declare.description import describe
from riskstrat.disclosure import Disclosure
from riskstrat.errors import DisclosureError, UsageError
from riskstrat.publication import Published, display
from riskstrat.records.study import Study


def test_every_released_table_is_a_file_and_is_listed(study: Study, tmp_path: Path):
    published = rs.publish(study)
    folder = rs.export(published, tmp_path / "tables")
    contents = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    assert [table["name"] for table in contents["tables"]] == list(published.tables)
    assert contents["digest"] == study.digest
    assert contents["rule"]["settings"]["min_count"] == 5
    assert contents["rule"]["en"].startswith("Counts from 0 to 4 are withheld")
    for table in contents["tables"]:
        written = (folder / table["file"]).read_bytes()
        assert hashlib.sha256(written).hexdigest() == table["sha256"]
        assert pl.read_csv(written).columns == [column["name"] for column in table["columns"]]
        assert {column["role"] for column in table["columns"]} <= {
            "dimension", "count", "denominator", "derived", "public"
        }  # fmt: skip
    assert sorted(path.name for path in folder.glob("*.csv")) == sorted(f"{name}.csv" for name in published.tables)


def test_a_study_is_published_first_under_its_own_rule(study: Study, tmp_path: Path):
    rs.export(study, tmp_path / "tables")
    folder = rs.export(rs.publish(study, Disclosure(min_count=20)), tmp_path / "tables", allow_new=["rule"])
    assert json.loads((folder / "tables.json").read_text(encoding="utf-8"))["rule"]["settings"]["min_count"] == 20


def test_a_folder_of_other_things_stays(study: Study, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="holds other things"):
        rs.export(study, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nobody_but_publish_makes_published_results(study: Study):
    honest = rs.publish(study)
    with pytest.raises(DisclosureError, match="pass the study through publish"):
        Published(**vars(honest), token=object())


def test_a_notebook_shows_records_as_released_tables(study: Study):
    formatters = pytest.importorskip("IPython.core.formatters")
    shell = SimpleNamespace(display_formatter=formatters.DisplayFormatter())
    rs.load_ipython_extension(shell)
    published = rs.publish(study)
    parts = (study.cohort, study.target, study.performance, study.areas, study.plan)
    for record in (study, *parts, published, published.tables["areas"]):
        shown, _ = shell.display_formatter.format(record)
        assert shown["text/html"] == display(record)
        assert len(shown["text/plain"]) < 2_000


def test_a_notebook_tells_a_condition_in_words(study: Study):
    formatters = pytest.importorskip("IPython.core.formatters")
    shell = SimpleNamespace(display_formatter=formatters.DisplayFormatter())
    rs.load_ipython_extension(shell)
    shown, _ = shell.display_formatter.format(study.condition)
    assert shown["text/markdown"] == describe(study.condition)


def test_importing_in_a_kernel_registers_types_by_name_and_imports_nothing():
    pytest.importorskip("IPython")
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance();"
        "import riskstrat; found = shell.display_formatter.formatters['text/html'].deferred_printers;"
        "print(('riskstrat.records.study', 'Study') in found, 'polars' in sys.modules, 'altair' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "False", "False"]
