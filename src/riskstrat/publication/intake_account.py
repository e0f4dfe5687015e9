"""What may be shown of the account of an intake or a conversion: released tables, a page, JSON, a closing summary.

In ``intake.html`` everything that comes from outside is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl

from riskstrat.disclosure import Disclosure, Ratio, Released, Table, release
from riskstrat.extras import optional
from riskstrat.figures import Language, MessageCatalogue, load_messages
from riskstrat.figures.messages import capitalised
from riskstrat.publication.noise import noise_of
from riskstrat.records.intake_account import (
    KEPT,
    MADE,
    MERGED,
    READ,
    REJECTED,
    REPAIRED,
    SET_TO_NULL,
    ConversionAccount,
    IntakeAccount,
    Pseudonymised,
)

HTML, JSON = "intake.html", "intake.json"
RARE_CODE = "(rarer)"
_RULES = (REJECTED, REPAIRED, SET_TO_NULL, MERGED)
_NO_USABLE = "no usable "
_SECTIONS: Mapping[str, tuple[Mapping[str, str], tuple[str, ...] | None]] = {
    "inputs": ({"dataset": "dataset"}, (READ, KEPT, REJECTED)),
    "made": ({"table": "table", "coverage_start": "from", "coverage_end": "until"}, (MADE, KEPT, REJECTED, MERGED)),
    "rules": ({"dataset": "input", "column": "column", "rule": "rule", "outcome": "outcome"}, ("rows",)),
    "years": ({"table": "table"}, None),
    "missing": ({"dataset": "input", "column": "column"}, None),
    "links": ({"link": "link"}, ("persons", "linked", "share")),
    "codes": ({"table": "table", "code": "code"}, ("rows",)),
    "breaks": ({"table": "table", "code": "code", "definition": "definition", "year": "year"}, ("rows",)),
    "files": ({"file": "file", "dataset": "read_as", "format": "format", "unused": "unused"}, ()),
}
"""Of each released table: its columns of text with the keys of their headings, and its columns of numbers."""


def release_intake(account: IntakeAccount, disclosure: Disclosure | None = None) -> dict[str, Released]:
    """Release the account of an intake, by default under its own rule.

    ``files``, ``inputs`` (read = kept + rejected), ``made`` (made = kept + rejected + merged), ``rules``, ``years``,
    ``missing``, ``links``, ``codes`` and ``breaks``. Counts are of rows, those of links of persons.
    """
    rule = disclosure or account.disclosure
    return release(_intake_tables(account, rule), rule, noise_of(rule))


def release_conversion(account: ConversionAccount, disclosure: Disclosure | None = None) -> Released:
    """Release a conversion from another standard: dataset (a table of the source), read, kept, rejected, merged.

    Examples
    --------
    >>> rows = [("death", "read", "", 30), ("death", "kept", "", 28), ("death", "rejected", "no date", 2)]
    >>> counts = pl.DataFrame(rows, schema=["dataset", "outcome", "rule", "rows"], orient="row")
    >>> release_conversion(ConversionAccount(counts=counts), Disclosure(protection="none")).frame.row(0)
    ('death', 30, 30, None, 0)
    """
    outcomes = (READ, KEPT, REJECTED, MERGED)
    rows = _by_outcome(account.counts, outcomes, READ)
    rule = disclosure or account.disclosure
    return release(Table(rows, dimensions=("dataset",), counts=outcomes), rule, noise_of(rule))


def release_pseudonymised(done: Pseudonymised, disclosure: Disclosure | None = None) -> Released:
    """Release what pseudonymising did: one row of rows, left_out, people, new_people and unusual.

    Rows are withheld by the number of persons in them, new persons also where they are nearly all.

    Examples
    --------
    >>> done = Pseudonymised(files=(), columns={}, rows=1230, left_out=0, people=4, new_people=4, unusual=0)
    >>> release_pseudonymised(done).frame.row(0, named=True)["people"] is None
    True
    """
    names = ("rows", "left_out", "people", "new_people", "unusual")
    counts = pl.DataFrame({name: [getattr(done, name)] for name in names})
    counts = counts.with_columns(persons=pl.min_horizontal("rows", "people"))  # a row may name several people
    table = Table(counts, counts=names, denominators={"new_people": "people"}, persons={"rows": "persons"})
    rule = disclosure or done.disclosure
    return release(table, rule, noise_of(rule))


def summary_lines(inputs: Released, language: Language = "en") -> Iterator[str]:
    """Say in one line a dataset or table how many rows were read or made, rejected and merged, as they were released.

    Examples
    --------
    >>> rows = [("death", "read", "", 1230), ("death", "kept", "", 1228), ("death", "rejected", "no date", 2)]
    >>> counts = pl.DataFrame(rows, schema=["dataset", "outcome", "rule", "rows"], orient="row")
    >>> print(*summary_lines(release_conversion(ConversionAccount(counts=counts), Disclosure(protection="none"))))
    death                        read 1,230, rejected few or none, kept 1,230, merged 0
    """
    messages = load_messages(language, "riskstrat.publication")
    few, number = messages("intake.few"), messages.numbers.number
    for row in inputs.frame.iter_rows(named=True):
        outcomes = {name: row[name] for name in (READ, MADE, REJECTED, KEPT, MERGED) if name in row}
        told = ((messages(f"intake.{name}"), few if rows is None else number(rows)) for name, rows in outcomes.items())
        counts = ", ".join(f"{name} {rows}" for name, rows in told)
        yield f"{row.get('dataset', row.get('table')):<28} {counts}"


def intake_lines(released: Mapping[str, Released], folder: Path, language: Language = "en") -> list[str]:
    """Say what became of the rows of each dataset and table of an intake, and where its account is."""
    said = load_messages(language, "riskstrat.publication")("intake.said", folder=folder, page=folder / HTML)
    return [*(line for name in ("inputs", "made") for line in summary_lines(released[name], language)), said]


def shown_count(count: int | None) -> str:
    """Write a released count; None is one that is withheld."""
    return "(withheld)" if count is None else f"{count:,}"


def write_intake_account(
    account: IntakeAccount, folder: Path, language: Language = "en", *, disclosure: Disclosure | None = None
) -> None:
    """Release the account of an intake and write it as ``intake.html`` (extra ``report``) and ``intake.json``.

    The page is in a language; the JSON, which programs read, has English names.
    """
    released = release_intake(account, disclosure)
    (folder / JSON).write_text(_json(account, released), encoding="utf-8")
    (folder / HTML).write_text(_html(account, released, language), encoding="utf-8")


def _intake_tables(account: IntakeAccount, disclosure: Disclosure) -> dict[str, Table]:
    in_rules = (pl.col("outcome").is_in(_RULES)) & (pl.col("rows") > 0)
    rules = account.counts.filter(in_rules).sort("dataset", "outcome", "column", "rule")
    cells = account.cells.with_columns(share=pl.col("missing") / pl.col("rows"))
    links = account.links.with_columns(share=(pl.col("linked") / pl.col("persons")).fill_nan(None))
    return {
        "files": Table(account.files, dimensions=("file",), public=("dataset", "format", "unverified", "unused")),
        "inputs": Table(
            _by_outcome(account.counts, (READ, KEPT, REJECTED), READ),
            dimensions=("dataset",),
            counts=(READ, KEPT, REJECTED),
        ),
        "made": _made(account),
        "rules": Table(rules, dimensions=("dataset", "column", "rule", "outcome"), counts=("rows",)),
        "years": Table(account.years, dimensions=("table", "year"), counts=("rows",), public=("hole",)),
        "missing": Table(
            cells,
            dimensions=("dataset", "column", "year"),
            counts=("rows", "missing"),
            derived={"share": Ratio("missing", "rows", 2)},
        ),
        "links": Table(
            links, dimensions=("link",), counts=("persons", "linked"), derived={"share": Ratio("linked", "persons", 2)}
        ),
        "codes": Table(
            _codes(account, disclosure.min_people if disclosure.table_width else disclosure.min_count),
            dimensions=("table", "code"),
            counts=("rows",),
            persons={"rows": "persons"},
        ),
        "breaks": Table(account.definitions, dimensions=("table", "code", "definition", "year"), counts=("rows",)),
    }


def _by_outcome(counts: pl.DataFrame, outcomes: Sequence[str], first: str) -> pl.DataFrame:
    """Give a row for each dataset that has the first outcome, and a column for each outcome."""
    chosen = counts.filter(pl.col("outcome").is_in(outcomes))
    datasets = chosen.filter(outcome=first)["dataset"].unique()
    sums = [pl.col("rows").filter(pl.col("outcome") == each).sum().alias(each) for each in outcomes]
    return chosen.filter(pl.col("dataset").is_in(datasets.implode())).group_by("dataset").agg(sums).sort("dataset")


def _made(account: IntakeAccount) -> Table:
    counts = (MADE, KEPT, REJECTED, MERGED)
    rows = _by_outcome(account.counts, counts, MADE).rename({"dataset": "table"})
    covered = rows.join(account.coverage, on="table", how="left", maintain_order="left")
    return Table(covered, dimensions=("table",), counts=counts, public=("coverage_start", "coverage_end"))


def _codes(account: IntakeAccount, fewest: int) -> pl.DataFrame:
    """Codes without a known shape; one that few persons have, in however many rows, is not spelled out."""
    shown = pl.when(pl.col("persons") < fewest).then(pl.lit(RARE_CODE)).otherwise("code").alias("code")
    rows = account.codes.group_by("table", shown).agg(pl.col("rows").sum(), pl.col("persons").max())
    return rows.sort("table", "rows", "code", descending=[False, True, False])


def _json(account: IntakeAccount, released: Mapping[str, Released]) -> str:
    content = {
        "name": account.name,
        "data_end": account.data_end.isoformat(),
        "disclosure": released["rules"].rule["en"],
        "tables": {name: each.frame.to_dicts() for name, each in released.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=date.isoformat) + "\n"


def _html(account: IntakeAccount, released: Mapping[str, Released], language: Language) -> str:
    environment = optional("jinja2").Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = resources.files(__package__).joinpath("templates", "intake.html").read_text(encoding="utf-8")
    messages = load_messages(language, "riskstrat.publication")
    frames = {name: _written(messages, each.frame) for name, each in released.items()}
    frames["years"] = frames["years"].pivot("year", index="table", values="rows", sort_columns=True)
    dated = frames["missing"].filter(pl.col("year") != "")
    frames["missing"] = dated.pivot("year", index=["dataset", "column"], values="share", sort_columns=True)
    html: str = environment.from_string(source).render(
        language=language,
        messages=messages,
        name=account.name,
        data_end=account.data_end,
        disclosure=released["rules"].rule[language],
        notes=[*_notes(messages, released)],
        sections=[_section(messages, name, frames[name]) for name in _SECTIONS],
    )
    return html


def _notes(messages: MessageCatalogue, released: Mapping[str, Released]) -> Iterator[str]:
    """Say which covered years have hardly any rows, and which names are to be checked."""
    holes = released["years"].frame.filter("hole").select("table", "year").rows()
    files = released["files"].frame.filter(pl.col("unverified") != "").unique("dataset", maintain_order=True)
    unverified = [f"{dataset} ({names})" for dataset, names in files.select("dataset", "unverified").rows()]
    for key, told in (("holes", [f"{table} {year}" for table, year in holes]), ("unverified", unverified)):
        if told:
            yield messages(f"intake_page.{key}", told="; ".join(told))


def _section(messages: MessageCatalogue, name: str, frame: pl.DataFrame) -> dict[str, object]:
    """Lay out a table under its heading: columns of text, then of numbers (those named, or all others)."""
    texts, numbers = _SECTIONS[name]
    counted = [column for column in frame.columns if column not in texts] if numbers is None else [*numbers]
    return {
        "name": name,
        "how": messages.texts.get(f"intake_page.{name}_how"),
        "heads": [_heading(messages, heading) for heading in (*texts.values(), *counted)],
        "rows": frame.select(*texts, *counted).rows(),
        "texts": len(texts),
    }


def _heading(messages: MessageCatalogue, name: str) -> str:
    counted = messages.texts.get(f"intake.{name}", name)
    return capitalised(messages.texts.get(f"intake_column.{name}", counted))


def _written(messages: MessageCatalogue, frame: pl.DataFrame) -> pl.DataFrame:
    """Write all cells: numbers as the language does, withheld ones as a dash, names of rules in words."""
    years = frame.with_columns(pl.col("year").cast(pl.String)) if "year" in frame.columns else frame
    cells = [
        [_cell(messages, name, value, years.schema[name]) for name, value in row.items()]
        for row in years.iter_rows(named=True)
    ]
    return pl.DataFrame(cells, schema=dict.fromkeys(frame.columns, pl.String), orient="row")


def _cell(messages: MessageCatalogue, column: str, value: Any, dtype: pl.DataType) -> str:  # noqa: ANN401
    if value is None:
        return "–" if dtype.is_numeric() else ""
    if dtype.is_numeric():
        numbers = messages.numbers
        return numbers.whole_percent(value) if dtype.is_float() else numbers.number(value)
    return _SAID.get(column, _word)(messages, str(value))


def _word(messages: MessageCatalogue, text: str) -> str:
    """Give a rule or a stand-in in the language; what the delivery calls something stays as it is."""
    return messages.texts.get(f"intake_word.{text}", text)


def _rule(messages: MessageCatalogue, rule: str) -> str:
    said, column = _word(messages, rule), rule.removeprefix(_NO_USABLE)
    return messages("intake_page.no_usable", column=column) if said == rule and column != rule else said


def _link(messages: MessageCatalogue, link: str) -> str:
    table, _, known = link.partition(" to ")
    return messages("intake_page.link", table=table, known=known)


_SAID: Mapping[str, Callable[[MessageCatalogue, str], str]] = {
    "rule": _rule,
    "link": _link,
    "outcome": lambda messages, outcome: messages(f"intake.{outcome}"),
}
