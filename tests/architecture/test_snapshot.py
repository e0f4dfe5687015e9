"""The snapshot of released tables changes with a line in the changelog only; its comparison sees every difference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from riskstrat.conditions import STANDARD
from snapshots.released_tables import changelog_line, differences, digest, kept_tables, old_cards, to_six_digits, write

ROOT = Path(__file__).parents[2]
TABLE = pl.DataFrame({"area_id": ["A", "B"], "people": [100, None], "risk": [0.123456, 0.2]})
CHANGES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "a digit": lambda table: table.with_columns(risk=pl.col("risk") + 1e-6),
    "a null": lambda table: table.with_columns(people=pl.col("people").fill_null(5)),
    "a name": lambda table: table.rename({"risk": "share"}),
    "a type": lambda table: table.with_columns(pl.col("people").cast(pl.Float64)),
    "a row": lambda table: table.head(1),
    "the order": lambda table: table.reverse(),
}


def test_the_changelog_names_what_is_kept():
    assert changelog_line() in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_tables_of_the_conditions_that_run_by_default_are_kept():
    conditions = {name.partition("/")[0] for name in kept_tables()}
    assert conditions == set(STANDARD)


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_every_change_is_seen(change: Callable[[pl.DataFrame], pl.DataFrame]):
    assert differences({"frailty/areas": TABLE}, {"frailty/areas": TABLE}) == []
    assert differences({"frailty/areas": to_six_digits(change(TABLE))}, {"frailty/areas": TABLE})


def test_tables_that_come_or_go_are_seen():
    assert len(differences({"frailty/areas": TABLE}, {"frailty/plan": TABLE})) == 2


def test_what_is_kept_reads_back_and_has_a_digest_of_its_own(tmp_path: Path):
    write({"frailty/areas": TABLE, "early_cvd/areas": TABLE}, tmp_path)
    assert differences({"frailty/areas": TABLE, "early_cvd/areas": TABLE}, kept_tables(tmp_path)) == []
    first = digest(tmp_path)
    write({"frailty/areas": TABLE.head(1)}, tmp_path)
    assert digest(tmp_path) != first
    assert list(kept_tables(tmp_path)) == ["frailty/areas"]


def test_a_card_that_is_not_that_of_the_run_is_found(tmp_path: Path):
    for name, shipped in (("as_it_was", "old"), ("as_it_is", "new")):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "card.md").write_text(shipped, encoding="utf-8")
        (tmp_path / f"{name}_card_en.md").write_text("<!-- mark -->\n\nnew", encoding="utf-8")
    (found,) = old_cards(tmp_path, tmp_path / "models")
    assert found.startswith("as_it_was: ")
